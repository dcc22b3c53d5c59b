/** What every source of images with boxes delivers: typed arrays, no GPU. */
import type { GroundTruth } from "../models/detector/boxes";
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

export interface DetectionSet {
  /** Tells this data from any other: the same pictures, boxes and classes in the same order, and nothing else, share it. */
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
