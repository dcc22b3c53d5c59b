/** What the monitor of detection by transformer shows, by the names of its views. */
import type { BoxGallery, BoxSnapshot } from "../detection/views";
import type { Frequency } from "../frequency";

/** Held-out images with objects, and how they are cut. */
export interface PatchedGallery extends BoxGallery {
  /** Rows and columns of patches that can be masked. */
  grid: [rows: number, columns: number];
}

/** What student and whole teacher find on the gallery at one step; absent is what there is no teacher or no choice for. */
export interface PatchedSnapshot extends BoxSnapshot {
  /** [count, N]. */
  score?: Float32Array;
  /** u32 [count, k]. */
  kept?: Uint32Array;
  own?: BoxSnapshot["own"] & { kept?: Uint32Array };
}

/** The views by name. `snapshot` is kept over the run. */
export interface YolosViews {
  gallery: PatchedGallery;
  snapshot: PatchedSnapshot;
  frequency: Frequency;
}
