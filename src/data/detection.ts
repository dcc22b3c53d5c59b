/** What every source of images with boxes delivers: typed arrays, no GPU. */
import type { GroundTruth } from "../geometry/boxes";
import type { Moments } from "./dataset";

/** Square images and what is on them. Generated images are painted when they are first asked for. */
export interface DetectionSplit {
  /** Number of images. */
  readonly count: number;
  /** Image `index`, u8 RGB [side, side, 3]: only to be read. */
  image(index: number): Uint8Array;
  /** Its objects, in pixels of that image: only to be read. */
  truths(index: number): GroundTruth[];
}

/** A picture, u8 RGB [side, side, 3], of which nobody says what is on it. */
export const unlabelled = (pixels: Uint8Array): DetectionSplit => ({ count: 1, image: () => pixels, truths: () => [] });

export interface DetectionSet {
  /** Identifies the data: only the same pictures, boxes and classes in the same order have the same id. */
  id: string;
  /** Short name for people: "Scenes-Detection", "BCCD (yours)". */
  name: string;
  side: number;
  classes: string[];
  /** The supercategory of each class; classes of one are mistaken for each other more readily. */
  supercategories: string[];
  /** Of red, green and blue: what images are normalised with. */
  moments: Moments;
  train: DetectionSplit;
  /** Held out; never trained on. */
  test: DetectionSplit;
}

/** Read pictures as they go from thread to thread: u8 [count, side, side, 3]. */
export interface PackedSplit {
  count: number;
  images: Uint8Array;
  truths: GroundTruth[][];
}

export type PackedSet = Omit<DetectionSet, "train" | "test"> & Record<"train" | "test", PackedSplit>;

export function packedSet({ train, test, ...rest }: DetectionSet): PackedSet {
  return { ...rest, train: packedSplit(train, rest.side), test: packedSplit(test, rest.side) };
}

function packedSplit({ count, image, truths }: DetectionSplit, side: number): PackedSplit {
  const images = new Uint8Array(3 * count * side * side);
  for (let i = 0; i < count; i++) images.set(image(i), 3 * i * side * side);
  return { count, images, truths: Array.from({ length: count }, (_, i) => truths(i)) };
}

export function unpackedSet({ train, test, ...rest }: PackedSet): DetectionSet {
  return { ...rest, train: unpackedSplit(train, rest.side), test: unpackedSplit(test, rest.side) };
}

function unpackedSplit({ count, images, truths }: PackedSplit, side: number): DetectionSplit {
  const size = 3 * side * side;
  return { count, image: (i) => images.subarray(i * size, (i + 1) * size), truths: (i) => truths[i] };
}
