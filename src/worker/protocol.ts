/** The conversation between page and worker: what the page may ask, and what it is told. */
import type { AdapterFacts } from "../engine/device";
import type { Change, Key, Settings } from "../train/experiment";
import type { StepReport } from "../train/session";
import type { Cost, Scores } from "../train/task";

export type Command =
  /** Opens the GPU, makes the data, loads the teacher, and shows the masks of an untrained student. */
  | { type: "open"; settings: Settings; teacherUrl: string }
  /** A fresh run with these settings, or only its preparation; whatever ran before is dropped. */
  | { type: "start"; settings: Settings; paused?: boolean }
  | { type: "play" }
  | { type: "pause" }
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
  patch: number;
  /** u8 [count, channels, side, side]. */
  images: Uint8Array;
  labels: number[];
  classes: string[];
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

/** How often each patch position was kept, in thirds of the planned run. */
export interface Frequency {
  stages: { name: "start" | "early" | "late"; images: number; counts: Float64Array; expected: number }[];
  /** The same for each gallery image, over all looks: [count, N], and the number of looks. */
  gallery: Float64Array;
  looks: number;
}

export type Event =
  | { type: "phase"; phase: Phase; note: string }
  | { type: "adapter"; facts: AdapterFacts }
  | { type: "gallery"; gallery: Gallery }
  | { type: "started"; settings: Settings; teacher?: string; step: number; changes: Change[] }
  | { type: "step"; report: Omit<StepReport, "kept"> }
  | { type: "look"; look: Look }
  | { type: "frequency"; frequency: Frequency }
  | { type: "evaluated"; step: number; scores: Scores; count: number }
  | { type: "changed"; change: Change }
  | { type: "cost"; cost: Cost }
  | { type: "saved"; bytes: Uint8Array; step: number }
  | { type: "failed"; message: string; remedy: string; fatal: boolean };
