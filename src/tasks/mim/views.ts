/** What the monitor of masked image modelling shows, by the names of its views. */
import type { CropGallery } from "../dino/views";

/** What is made of the gallery at one step. */
export interface MimSnapshot {
  step: number;
  /** The patches that are seen, u32 [count * k], image by image. */
  kept: Uint32Array;
  /** Images with what is told in place of what is hidden, u8 [count, channels, side, side]. */
  told: Uint8Array;
  /** Mean squared difference at hidden patches. */
  loss: number;
}

/** The views by name. `snapshot` is kept over the run. */
export interface MimViews {
  gallery: CropGallery;
  snapshot: MimSnapshot;
}
