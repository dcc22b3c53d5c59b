/** What classification's monitor shows, by the names of its views. */

/** Held-out images that are looked at again and again. */
export interface Gallery {
  side: number;
  channels: number;
  /** Rows and columns of patches that can be masked. */
  grid: [rows: number, columns: number];
  /** u8 [count, channels, side, side]. */
  images: Uint8Array;
  labels: number[];
  classes: string[];
  /** Where the data know it: the share of each watched image's object in each patch [watched, N]. */
  objects?: Float64Array;
}

/** What student and teacher make of the gallery at one step. Row-major; absent where there is no teacher or no choice. */
export interface Snapshot {
  step: number;
  /** Answers, as indices of classes. */
  student: number[];
  teacher?: number[];
  /** [count, N]. */
  score?: Float32Array;
  /** u32 [count, k]. */
  kept?: Uint32Array;
  /** Class-token attention of each head of the last block [count, heads, n], n patches of the student's own grid. */
  attention: Float32Array;
  heads: number;
  /** Rows and columns of the student's own patches. */
  grid: [rows: number, columns: number];
}

/** How often patches were kept of some images. */
export interface Tally {
  /** Images that were shown, each as often as it was; and patches kept of them in all. */
  images: number;
  kept: number;
  counts: Float64Array;
}

/** Part of a run, up to a share of its planned length. */
export interface Stage {
  name: "start" | "early" | "late";
  until: number;
  /** Over the training images: counts [N]. */
  positions: Tally;
  /** Over evenly spread looks at the watched held-out images, the gallery first: counts [watched, N]. */
  watched: Tally;
}

/** How often each patch was kept, by stage of the run. */
export interface Frequency {
  stages: Stage[];
}

/** The views by name. `snapshot` is kept over the run; `untrained` is the same of the student as it was before its first step. */
export interface ClassificationViews {
  gallery: Gallery;
  snapshot: Snapshot;
  untrained: Snapshot;
  frequency: Frequency;
}
