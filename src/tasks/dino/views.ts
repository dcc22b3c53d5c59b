/** What self-distillation's monitor shows, by the names of its views. */

/** Held-out images that are shown throughout a run. */
export interface CropGallery {
  side: number;
  channels: number;
  /** Rows and columns of patches of a whole image, and of a global crop. */
  grid: [rows: number, columns: number];
  /** u8 [count, channels, side, side]. */
  images: Uint8Array;
  labels: number[];
  classes: string[];
  /** Where the data know it: the share of each image's object in each patch [count, N]. */
  objects?: Float64Array;
}

/** Crops of the gallery and what is made of them at one step. Row-major; absent where all patches are kept or there are no crops. */
export interface CropSnapshot {
  step: number;
  /** Class-token attention to the patches of whole images [count, N]. */
  student: Float32Array;
  teacher: Float32Array;
  /** Kept patches of whole images u32 [count, k], and of the global crops [2 * count, k]. */
  kept?: Uint32Array;
  keptOfCrops?: Uint32Array;
  /** Crops, one after the other for all images: u8 [2 * count, channels, side, side] and [n * count, channels, s, s]. */
  global: Uint8Array;
  local?: Uint8Array;
  localSide: number;
}

/** The views by name. `snapshot` is kept over the run. */
export interface DinoViews {
  gallery: CropGallery;
  snapshot: CropSnapshot;
}
