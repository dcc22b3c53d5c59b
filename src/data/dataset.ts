/** What every source of images delivers: numbers, no GPU. */
import { EngineError } from "../engine/errors";
import { digest } from "./digest";

/** Images with a class each. Generated images are painted when they are first asked for. */
export interface Split<Values = Uint8Array> {
  /** Number of images. */
  readonly count: number;
  /** Image `index` [channels, side, side], of bytes 0..255: only to be read. Of pictures of another kind [channels, side, columns]. */
  image(index: number): Values;
  /** Its class. */
  label(index: number): number;
  /** Where its object is, u8 0 or 1 [side, side] or [side, columns]: only to be read, and only generated data knows. */
  object?(index: number): Uint8Array;
}

/** Images, or pictures of sounds. */
export type Pictures = Dataset<Uint8Array | Float32Array>;

export interface Dataset<Values = Uint8Array> {
  /** Identifies the data: only the same pictures, labels and classes in the same order have the same id. */
  id: string;
  /** Short name for people: "Scenes", "Fashion-MNIST (yours)". */
  name: string;
  /** Rows of pixels; columns too where those are not given. */
  side: number;
  columns?: number;
  channels: 1 | 3;
  classes: string[];
  /** Of each channel: what images are normalised with, in units of `full`. */
  moments: Moments;
  /** The greatest value; 255 when absent. */
  full?: number;
  train: Split<Values>;
  /** Held out; never trained on. */
  test: Split<Values>;
}

/** Read images as they go from thread to thread, and as they are kept. */
export interface PackedSplit {
  count: number;
  /** u8 [count, channels, side, side], 0..255. */
  images: Uint8Array;
  /** Class of each image. */
  labels: Uint8Array | Uint16Array;
}

export type PackedDataset = Omit<Dataset, "train" | "test"> & Record<"train" | "test", PackedSplit>;

export function packed({ train, test, ...rest }: Dataset): PackedDataset {
  return { ...rest, train: packedSplit(train), test: packedSplit(test) };
}

function packedSplit({ count, image, label }: Split): PackedSplit {
  const each = image(0).length;
  const images = new Uint8Array(count * each);
  for (let i = 0; i < count; i++) images.set(image(i), i * each);
  return { count, images, labels: Uint16Array.from({ length: count }, (_, i) => label(i)) };
}

export function unpacked({ train, test, ...rest }: PackedDataset): Dataset {
  return { ...rest, train: unpackedSplit(train), test: unpackedSplit(test) };
}

function unpackedSplit({ count, images, labels }: PackedSplit): Split {
  const each = images.length / count;
  return { count, image: (i) => images.subarray(i * each, (i + 1) * each), label: (i) => labels[i] };
}

/** A file or folder that cannot become a data set. The message names the file and says what to do. */
export class DataError extends EngineError {
  override name = "DataError";
}

/** Files without what a task needs, such as boxes. They may be data of another task. */
export class NotForTask extends DataError {
  override name = "NotForTask";
}

/** An id from the content, for data that is not generated: the files may have been renamed or moved. */
export async function contentId({ side, channels, classes, train, test }: Omit<PackedDataset, "id">): Promise<string> {
  const shape = new TextEncoder().encode(JSON.stringify([side, channels, classes, train.count, test.count]));
  return `files-${await digest([shape, train.images, train.labels, test.images, test.labels])}`;
}

/** Mean and standard deviation of each channel, of pixels in 0..1. */
export interface Moments {
  mean: number[];
  std: number[];
}

/** Per-channel mean and standard deviation of a split in 0..1. */
export function channelMoments({ images, count }: PackedSplit, channels: number): Moments {
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
