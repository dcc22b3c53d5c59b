/** The conversation between page and worker: what the page may ask, and what it is told. */
import type { AdapterFacts } from "../engine/device";
import type { Detection, GroundTruth } from "../models/detector/boxes";
import type { Change, Key, Settings } from "../train/experiment";
import type { StepReport } from "../train/session";
import type { Cost, Scores, TeacherTime } from "../train/task";

export type Command =
  /** Opens the GPU, makes the data, loads the teacher, and shows the masks of an untrained student. */
  | { type: "open"; settings: Settings; teacherUrl: string }
  /** A fresh run with these settings, or only its preparation; whatever ran before is dropped. */
  | { type: "start"; settings: Settings; paused?: boolean }
  | { type: "play" }
  | { type: "pause" }
  /** Ends the run where it is: the student is tested, and what came of it is said. */
  | { type: "stop" }
  /** One update, then pause. */
  | { type: "step" }
  | { type: "set"; key: Key; value: string | number }
  | { type: "save" }
  /** Continues a saved run; it is paused at first. */
  | { type: "restore"; bytes: Uint8Array };

export type Phase = "opening" | "ready" | "compiling" | "running" | "paused" | "finished" | "failed";

/** Held-out images that are looked at again and again. */
export interface Gallery {
  side: number;
  channels: number;
  /** Pixels along the edge of a patch that can be masked. */
  patch: number;
  /** u8 [count, channels, side, side]. */
  images: Uint8Array;
  labels: number[];
  classes: string[];
  /** Where the data know it: the share of each watched image's object in each patch [watched, N]. */
  objects?: Float64Array;
}

/** What student and teacher make of the gallery at one step. Row-major; absent where there is no teacher or no choice. */
export interface Look {
  step: number;
  /** Answers, as indices of classes. */
  student: number[];
  teacher?: number[];
  /** [count, N]. */
  score?: Float32Array;
  /** u32 [count, k]. */
  kept?: Uint32Array;
  /** Class-token attention of each head of the last block [count, heads, N]. */
  attention: Float32Array;
  heads: number;
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

/** The same for detection: held-out images with objects. */
export interface BoxGallery {
  side: number;
  /** u8 [count, side, side, 3]. */
  images: Uint8Array;
  truths: GroundTruth[][];
  classes: string[];
}

/** What student and teacher find on the box gallery at one step. */
export interface BoxLook {
  step: number;
  /** Best first, for each image. */
  student: Detection[][];
  teacher?: Detection[][];
  /**
   * What the method does to the features, row-major, the images first: its views (see the method's file), and
   * `student.L`, `teacher.L` [count, H, W], the mean |F| over channels of FPN level L.
   */
  maps: Record<string, { shape: readonly number[]; data: Float32Array }>;
}

/** How often what a method erases was erased over the run, by the names of its views; each a mean over images and looks. */
export interface Erasure {
  looks: number;
  /** Share of looks in which a position or channel was erased, by view: shape without the images. */
  shares: Record<string, { shape: readonly number[]; data: Float64Array }>;
}

/** How hard each term of the loss pulls at the student's pyramid: norms of gradients, weights included. */
export interface Pulls {
  step: number;
  norms: Record<string, number>;
}

export type Event =
  | { type: "phase"; phase: Phase; note: string }
  | { type: "adapter"; facts: AdapterFacts }
  | { type: "gallery"; gallery: Gallery }
  | { type: "started"; settings: Settings; teacher?: string; step: number; changes: Change[] }
  | { type: "step"; report: Omit<StepReport, "kept"> }
  | { type: "look"; look: Look }
  /** The same of the student as it was before its first step, under the current settings. */
  | { type: "untrained"; look: Look }
  | { type: "frequency"; frequency: Frequency }
  | { type: "boxGallery"; gallery: BoxGallery }
  | { type: "boxLook"; look: BoxLook }
  | { type: "erasure"; erasure: Erasure }
  | { type: "pulls"; pulls: Pulls }
  | { type: "evaluated"; step: number; scores: Scores; count: number }
  | { type: "changed"; change: Change }
  | { type: "cost"; cost: Cost }
  /** The teacher's GPU time per step, measured beside the run. */
  | { type: "timed"; time: TeacherTime }
  | { type: "saved"; bytes: Uint8Array; step: number }
  | { type: "failed"; message: string; remedy: string; fatal: boolean };
