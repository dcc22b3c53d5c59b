/** What every source of images with boxes delivers: typed arrays, no GPU. */
import type { GroundTruth } from "../models/detector/boxes";

/** Square images and what is on them. Generated images are painted when they are first asked for. */
export interface DetectionSplit {
  /** Number of images. */
  readonly count: number;
  /** Image `index`, u8 RGB [side, side, 3]: only to be read. */
  image(index: number): Uint8Array;
  /** Its objects, in pixels of that image: only to be read. */
  truths(index: number): GroundTruth[];
}

/** Mean and standard deviation of red, green and blue in 0..1, with which images are normalised. */
export interface Moments {
  mean: [number, number, number];
  std: [number, number, number];
}

export interface DetectionSet {
  /** Short name for people: "Scenes-Detection", "BCCD (yours)". */
  name: string;
  side: number;
  classes: string[];
  /** The supercategory of each class; classes of one are mistaken for each other more readily. */
  supercategories: string[];
  moments: Moments;
  train: DetectionSplit;
  /** Held out; never trained on. */
  test: DetectionSplit;
}
