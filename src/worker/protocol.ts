/** The conversation between page and worker: what the page may ask, and what it is told. */
import type { Dataset } from "../data/dataset";
import type { AdapterFacts } from "../engine/device";
import type { Detection, GroundTruth } from "../models/detector/boxes";
import type { Change, Key, Settings } from "../settings/experiment";
import type { Told } from "../tasks/classification/network";
import type { Cost, Errors, Reference, Scores, TeacherTime } from "../tasks/task";
import type { StepReport } from "../train/session";
import type { KindName, Made } from "./readerProtocol";

export type Command =
  /** Opens the GPU, with `kernels` forced where named. The teachers that come with the page lie below `base`. */
  | { type: "open"; base: string; kind: KindName; kernels?: string }
  /** What the next run learns from; the reader made it. A run under way keeps its own. */
  | { type: "data"; made: Made }
  /** The same: generated pictures, painted when they are asked for. */
  | { type: "paint"; id: string }
  /** From now on data, teachers and commands about them are of this kind. */
  | { type: "kind"; kind: KindName }
  /** Keeps the loaded images on this device, or removes what was kept. */
  | { type: "keepData"; keep: boolean }
  /** Trains a teacher on the loaded data; the run pauses meanwhile. */
  | { type: "teach"; settings: Settings }
  /** Ends that training now, to use the teacher as it is or to drop it. */
  | { type: "endTeaching"; use: boolean }
  /** A network's file: a classifier to be the teacher, or any to choose the patches. */
  | { type: "import"; as: "teacher" | "guide"; bytes: Uint8Array; name: string; told: Told }
  /** Forgets the teacher that was trained or imported for the loaded data. */
  | { type: "dropTeacher" }
  /** Measures what errors cost, beside whatever runs; or ends that. */
  | { type: "measureErrors" }
  | { type: "endErrors" }
  /** A network as a file for other programs. */
  | { type: "export"; what: "student" | "teacher" }
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
  /** Continues a saved run, paused at first, once the data and the teacher it was saved with are there. */
  | { type: "restore"; bytes: Uint8Array }
  /** The saved run that waits is not wanted any more. */
  | { type: "abandon" };

export type Phase = "opening" | "ready" | "compiling" | "running" | "paused" | "finished" | "failed";

/** A data set in words and numbers. */
export interface DataFacts extends Pick<Dataset, "id" | "name" | "side" | "channels" | "classes"> {
  /** Images to learn from, and images held out. */
  train: number;
  test: number;
  /** What a person should know of how it was read. */
  notes: string[];
}

/** A teacher in words and numbers. */
export interface TeacherFacts {
  id: string;
  name: string;
  origin: "shipped" | "trained" | "imported";
  /** What kind of network, for people: "ViT, width 96, 5 blocks, 4 heads". */
  kind: string;
  /** Its score on held-out data, where known: a classifier's share right, a detector's average precision. */
  score?: number;
}

/** How far the training of a teacher has come. */
export interface TeachingReport {
  step: number;
  steps: number;
  /** Loss and share right of the batch, smoothed; absent before the first step. */
  loss?: number;
  top1?: number;
  /** Share of held-out images right at the last test. */
  heldOut?: number;
  secondsLeft?: number;
}

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

/** What a method erased over the run, and how far off what it regenerated was; each a mean over images and looks. */
export interface Erasure {
  looks: number;
  /** By view: share of looks in which a position or channel was erased, or its mean error. Shape without the images. */
  shares: Record<string, { shape: readonly number[]; data: Float64Array }>;
}

/** What errors cost the student as it was at one step, and the teacher. */
export interface ErrorReport extends Errors {
  step: number;
}

/** How hard each term of the loss pulls at the student's pyramid: norms of gradients, weights included. */
export interface Pulls {
  step: number;
  norms: Record<string, number>;
}

export type Event =
  /** Something in the address that cannot be used here; the default stands in. */
  | { type: "unusable"; problem: string }
  | { type: "phase"; phase: Phase; note: string }
  | { type: "adapter"; facts: AdapterFacts }
  | { type: "gallery"; gallery: Gallery }
  | { type: "started"; settings: Settings; dataset: Reference; teacher?: Reference; step: number; changes: Change[]; restored: boolean }
  /** What the next run would learn from. */
  | {
      type: "loaded";
      read: boolean;
      data: DataFacts;
      teacher: TeacherFacts | null;
      guide: Pick<TeacherFacts, "id" | "name" | "kind"> | null;
    }
  | { type: "teaching"; report: TeachingReport | null }
  /** A saved run waits for the data or a network it was saved with. */
  | { type: "missing"; what: "data" | "teacher" | "guide"; wanted: Reference; settings: Settings }
  | { type: "keptData"; facts: DataFacts | null }
  | { type: "exported"; name: string; bytes: Uint8Array }
  /** A request that came to nothing; whatever runs goes on. With images of `side` pixels it would have come to something. */
  | { type: "refused"; at: "data" | "teacher" | "errors"; message: string; remedy: string; side?: number }
  | { type: "step"; report: Omit<StepReport, "kept"> }
  | { type: "look"; look: Look }
  /** The same of the student as it was before its first step, under the current settings. */
  | { type: "untrained"; look: Look }
  | { type: "frequency"; frequency: Frequency }
  | { type: "boxGallery"; gallery: BoxGallery }
  | { type: "boxLook"; look: BoxLook }
  | { type: "erasure"; erasure: Erasure }
  | { type: "pulls"; pulls: Pulls }
  /** How far measuring what errors cost has come, 0..1; null when it has ended. */
  | { type: "measuring"; share: number | null }
  | { type: "errors"; errors: ErrorReport }
  | { type: "evaluated"; step: number; scores: Scores; count: number }
  | { type: "changed"; change: Change }
  | { type: "cost"; cost: Cost }
  /** The teacher's GPU time per step, measured beside the run. */
  | { type: "timed"; time: TeacherTime }
  | { type: "saved"; bytes: Uint8Array; step: number }
  | { type: "failed"; message: string; remedy: string; fatal: boolean };
