/** What segmentation's monitor shows, by the names of its views. */
import type { Rgb } from "../../data/segmentation";
import type { Frequency } from "../frequency";
import type { OwnPicture } from "../ownPicture";

/** Held-out images and their true masks. */
export interface MaskGallery {
  side: number;
  /** Rows and columns of patches that can be masked. */
  grid: [rows: number, columns: number];
  /** u8 [count, 3, side, side]. */
  images: Uint8Array;
  /** u8 [count, side, side], 255 where no pixel counts. */
  truths: Uint8Array;
  classes: string[];
  palette: Rgb[];
  own?: OwnPicture;
}

/** Predictions of student and teacher on the gallery at one step. */
export interface MaskSnapshot extends Masks {
  step: number;
  /** The same for the visitor's own picture of this number. */
  own?: Masks & { number: number };
}

/** Predictions on some images. Row-major; absent where there is no teacher or no choice. */
export interface Masks {
  /** u8 [count, side, side]. */
  student: Uint8Array;
  teacher?: Uint8Array;
  /** [count, N]. */
  score?: Float32Array;
  /** u32 [count, k]. */
  kept?: Uint32Array;
}

/** IoU by class on held-out images, 0..1; NaN for a class that neither truth nor prediction shows. */
export interface ClassScores {
  step: number;
  student: number[];
  teacher?: number[];
}

/** The views by name. `snapshot` is kept over the run. */
export interface SegmentationViews {
  gallery: MaskGallery;
  snapshot: MaskSnapshot;
  frequency: Frequency;
  classes: ClassScores;
}
