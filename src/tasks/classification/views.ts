/** What classification's monitor shows, by the names of its views. */
import type { Frequency } from "../frequency";

/** Held-out images that are shown throughout a run. */
export interface Gallery {
  side: number;
  /** Columns of pixels where they are not as many as rows. */
  columns?: number;
  channels: number;
  /** Rows and columns of patches that can be masked. */
  grid: [rows: number, columns: number];
  /** u8 [count, channels, side, side] or [count, channels, side, columns]. */
  images: Uint8Array;
  /** Of pictures of sounds: the sounds, at 16 kHz. */
  waves?: Int16Array[];
  /** -1 for what a person brought, whose class nobody knows. */
  labels: number[];
  /** The step at which they brought it: snapshots from before are of what it took the place of. */
  since?: number;
  classes: string[];
  /** Where the data know it: the share of each watched image's object in each patch [watched, N]. */
  objects?: Float64Array;
}

/** Predictions of student and teacher on the gallery at one step. Row-major; absent where there is no teacher or no choice. */
export interface Snapshot {
  step: number;
  /** Answers, as indices of classes. */
  student: number[];
  teacher?: number[];
  /** Probabilities of all classes [count, K]; absent in runs that were kept before there were any. */
  probabilities?: { student: Float32Array; teacher?: Float32Array };
  /** What patches are ranked by, chosen or not [count, N]; absent where all are shown and chance would choose. */
  score?: Float32Array;
  /** u32 [count, k]. */
  kept?: Uint32Array;
  /** Class-token attention of each head of the last block [count, heads, n], n patches of the student's own grid. */
  attention: Float32Array;
  heads: number;
  /** Rows and columns of the student's own patches. */
  grid: [rows: number, columns: number];
}

/** The views by name. `snapshot` is kept over the run; `untrained` is the same of the student as it was before its first step. */
export interface ClassificationViews {
  gallery: Gallery;
  snapshot: Snapshot;
  untrained: Snapshot;
  frequency: Frequency;
}
