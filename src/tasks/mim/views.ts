/** What the monitor of masked image modelling shows, by the names of its views. */
import type { CropGallery } from "../dino/views";

/** What is made of the gallery at one step. */
export interface MimSnapshot {
  step: number;
  /** The patches that are seen, u32 [count * k], image by image. */
  kept: Uint32Array;
  /** Images with what the student tells in place of what is hidden, or where there is one the teacher, u8 [count, channels, side, side]. */
  told: Uint8Array;
  /** The mean squared difference at hidden patches; with a teacher, of the features. */
  loss: number;
  /** With a teacher: how far each patch's features are from its, f32 [count * N]. */
  errors?: Float32Array;
}

/** The views by name. `snapshot` is kept over the run. */
export interface MimViews {
  gallery: CropGallery;
  snapshot: MimSnapshot;
}
