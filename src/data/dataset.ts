/** What every source of images delivers: typed arrays, no GPU. */
import { EngineError } from "../engine/errors";
import { digest } from "./digest";

/** Square images with a class each. */
export interface Split {
  /** Number of images. */
  count: number;
  /** u8 [count, channels, side, side], 0..255. */
  images: Uint8Array;
  /** Class of each image. */
  labels: Uint8Array | Uint16Array;
  /** Where the object is, u8 0 or 1 [count, side, side]; only generated data knows. */
  objects?: Uint8Array;
}

export interface Dataset {
  /** Tells this data from any other: the same pictures, labels and classes in the same order, and nothing else, share it. */
  id: string;
  /** Short name for people: "Scenes", "Fashion-MNIST (yours)". */
  name: string;
  side: number;
  channels: 1 | 3;
  classes: string[];
  train: Split;
  /** Held out; never trained on. */
  test: Split;
}

/** A file or folder that cannot become a data set. The message names the file and says what to do. */
export class DataError extends EngineError {
  override name = "DataError";
}

/** An id from the content, for data that is not generated: the files may have been renamed or moved. */
export async function contentId({ side, channels, classes, train, test }: Omit<Dataset, "id">): Promise<string> {
  const shape = new TextEncoder().encode(JSON.stringify([side, channels, classes, train.count, test.count]));
  return `files-${await digest([shape, train.images, train.labels, test.images, test.labels])}`;
}

/** Mean and standard deviation of each channel, of pixels in 0..1. */
export interface Moments {
  mean: number[];
  std: number[];
}

/** Per-channel mean and standard deviation of a split in 0..1, with which a batch is normalised. */
export function channelMoments({ images, count }: Split, channels: number): Moments {
  const area = images.length / count / channels;
  const sums = Array.from({ length: channels }, () => ({ n: 0, sum: 0, squares: 0 }));
  for (let i = 0; i < images.length; i++) {
    const s = sums[Math.floor(i / area) % channels];
    const v = images[i] / 255;
    s.n++;
    s.sum += v;
    s.squares += v * v;
  }
  const mean = sums.map((s) => s.sum / s.n);
  return { mean, std: sums.map((s, c) => Math.sqrt(Math.max(1e-6, s.squares / s.n - mean[c] ** 2))) };
}
