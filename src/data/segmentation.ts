/** What every source of images with masks delivers: typed arrays, no GPU. */
import type { Moments } from "./dataset";
import { digest } from "./digest";

/** Label of pixels that do not count, as Pascal VOC writes it. */
export const IGNORE = 255;
/** Labels are bytes, and 255 is no class. */
export const MAX_MASK_CLASSES = 255;

/** Square images and the class of each of their pixels. Generated images are painted when they are first asked for. */
export interface SegmentationSplit {
  /** Number of images. */
  readonly count: number;
  /** Image `index`, u8 [3, side, side], 0..255: only to be read. */
  image(index: number): Uint8Array;
  /** The classes of its pixels, u8 [side, side], `IGNORE` where none counts: only to be read. */
  labels(index: number): Uint8Array;
}

/** A picture, u8 RGB [side, side, 3], of which nobody says what is where. */
export function unlabelled(pixels: Uint8Array): SegmentationSplit {
  const [image, labels] = [planesOf(pixels), new Uint8Array(pixels.length / 3).fill(IGNORE)];
  return { count: 1, image: () => image, labels: () => labels };
}

/** Interleaved colours u8 [.., 3] as planes [3, ..]. */
export function planesOf(pixels: Uint8Array): Uint8Array {
  const area = pixels.length / 3;
  return Uint8Array.from(pixels, (_, i) => pixels[3 * (i % area) + Math.floor(i / area)]);
}

export interface SegmentationSet {
  /** Identifies the data: only the same pictures, masks and classes in the same order have the same id. */
  id: string;
  /** Short name for people: "Scenes-Segmentation", "VOC2012 (yours)". */
  name: string;
  side: number;
  channels: 3;
  /** Class names by label; background is a class like any other. */
  classes: string[];
  /** A colour for each class to show masks in. */
  palette: Rgb[];
  /** Of red, green and blue: what images are normalised with. */
  moments: Moments;
  train: SegmentationSplit;
  /** Held out; never trained on. */
  test: SegmentationSplit;
}

export type Rgb = [red: number, green: number, blue: number];

/** Pascal VOC's colours: bits 0, 3, 6, ... of a class's number are the high bits of its red, bits 1, 4, 7 green's, 2, 5 blue's. */
export function vocPalette(count: number): Rgb[] {
  const channel = (label: number, first: number) => [0, 1, 2].reduce((sum, k) => sum + (((label >> (first + 3 * k)) & 1) << (7 - k)), 0);
  return Array.from({ length: count }, (_, label) => [channel(label, 0), channel(label, 1), channel(label, 2)]);
}

/** Read pictures as they go from thread to thread. */
export interface PackedSplit {
  count: number;
  /** u8 [count, 3, side, side]. */
  images: Uint8Array;
  /** u8 [count, side, side]. */
  labels: Uint8Array;
}

export type PackedSegmentation = Omit<SegmentationSet, "train" | "test"> & Record<"train" | "test", PackedSplit>;

export function packedSegmentation({ train, test, ...rest }: SegmentationSet): PackedSegmentation {
  return { ...rest, train: packedSplit(train, rest.side), test: packedSplit(test, rest.side) };
}

function packedSplit({ count, image, labels }: SegmentationSplit, side: number): PackedSplit {
  const area = side * side;
  const packed = { count, images: new Uint8Array(3 * count * area), labels: new Uint8Array(count * area) };
  for (let i = 0; i < count; i++) {
    packed.images.set(image(i), 3 * i * area);
    packed.labels.set(labels(i), i * area);
  }
  return packed;
}

export function unpackedSegmentation({ train, test, ...rest }: PackedSegmentation): SegmentationSet {
  return { ...rest, train: unpackedSplit(train, rest.side), test: unpackedSplit(test, rest.side) };
}

function unpackedSplit({ count, images, labels }: PackedSplit, side: number): SegmentationSplit {
  const area = side * side;
  return {
    count,
    image: (i) => images.subarray(3 * i * area, 3 * (i + 1) * area),
    labels: (i) => labels.subarray(i * area, (i + 1) * area),
  };
}

/** An id from the content, for data that is not generated: the files may have been renamed or moved. */
export async function segmentationId({ side, classes, train, test }: Omit<PackedSegmentation, "id">): Promise<string> {
  const told = new TextEncoder().encode(JSON.stringify([side, classes, train.count, test.count]));
  return `files-${await digest([told, train.images, train.labels, test.images, test.labels])}`;
}
