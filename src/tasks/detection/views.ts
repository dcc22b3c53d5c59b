/** What detection's monitor shows, by the names of its views. */

import type { Detection, GroundTruth } from "../../geometry/boxes";
import type { Axis } from "../../methods/method";
import type { OwnPicture } from "../ownPicture";

/** Held-out images with objects. */
export interface BoxGallery {
  side: number;
  /** u8 [count, side, side, 3]. */
  images: Uint8Array;
  truths: GroundTruth[][];
  classes: string[];
  own?: OwnPicture;
}

/** What student and teacher find on the gallery at one step. */
export interface BoxSnapshot {
  step: number;
  /** Best first, for each image. */
  student: Detection[][];
  teacher?: Detection[][];
  /** The same for the visitor's own picture of this number. */
  own?: { number: number; student: Detection[]; teacher?: Detection[] };
}

/** One map of a view: what the method's declaration of that name says it is. Row-major, the images first unless accumulated. */
export interface MapOf<Data = Float32Array> {
  /** A name in the method's `views`. Its `student` and `teacher` are the task's: mean |F| over the channels of a level [count, H, W]. */
  view: string;
  at: Partial<Record<Axis, number>>;
  shape: readonly number[];
  data: Data;
}

/** What the method does to the features at one step. */
export interface FeatureMaps {
  step: number;
  /** Share of the student's input that is hidden: a whole number of patches, the nearest to the share that is set. */
  hidden?: number;
  maps: MapOf[];
}

/** What a method erased over the run, and how far off what it regenerated was; each a mean over images and snapshots. */
export interface Erasure {
  looks: number;
  /** Share of snapshots in which a position or channel was erased, or its mean value. Shapes without the images. */
  maps: MapOf<Float64Array>[];
}

/** How hard each term of the loss pulls at the student's pyramid: norms of gradients, weights included. */
export interface Pulls {
  step: number;
  norms: Record<string, number>;
  /** The detector's own terms among them; the others are the method's. */
  own: string[];
  /** Positives of the detector in that batch, by level of the pyramid: where there are none, it hardly pulls. */
  positives: readonly number[];
}

/** The views by name. `snapshot` and `maps` are kept over the run. */
export interface DetectionViews {
  gallery: BoxGallery;
  snapshot: BoxSnapshot;
  maps: FeatureMaps;
  erasure: Erasure;
  pulls: Pulls;
}
