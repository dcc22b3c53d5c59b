/** Messages between page and worker: commands of the page, events of the worker. No task has a message of its own. */
import type { AdapterFacts } from "../engine/device";
import type { Change, Settings } from "../settings/run";
import type { DataFacts } from "../tasks/definition";
import type { Cost, Errors, Guest, ImportHints, Reference, Scores, TeacherTime, ViewEvent } from "../tasks/task";
import type { RunMemory, StepReport } from "../train/session";
import type { ReadData } from "./readerProtocol";

/** What a fresh run is to be: its settings, and those of them that a person has set and that would else be measured. */
export interface Wanted {
  settings: Settings;
  given?: readonly string[];
}

export type Command =
  /** Opens the GPU, with `kernels` forced where named. The teachers that come with the page lie below `base`. */
  | { type: "open"; base: string; settings: Settings; kernels?: string }
  /** What the next run learns from; the reader made it. A run under way keeps its own. */
  | { type: "data"; read: ReadData }
  /** The same: generated pictures, painted when they are asked for. */
  | { type: "generate"; id: string }
  /** From now on data, teachers and commands about them are those for a student of these settings. */
  | { type: "want"; settings: Settings }
  /** Keeps the loaded images on this device, or removes what was kept. */
  | { type: "keepData"; keep: boolean }
  /** Trains a teacher on the loaded data; the run pauses meanwhile. */
  | { type: "trainTeacher"; settings: Settings }
  /** Ends that training now, to use the teacher as it is or to drop it. */
  | { type: "endTeacherTraining"; use: boolean }
  /** A network's file: to be the teacher, or any classifier to choose the patches. */
  | { type: "import"; as: "teacher" | "guide" | "student"; bytes: Uint8Array; name: string; hints: ImportHints }
  /** Forgets the teacher that was trained or imported for the loaded data. */
  | { type: "dropTeacher" }
  /** Students no longer begin as a file. */
  | { type: "startFresh" }
  /** Measures what errors cost, beside whatever runs; or ends that. */
  | { type: "measureErrors" }
  | { type: "endErrors" }
  /** For other programs: a network as a file, the run as a project in PyTorch, or the images with a script that asks a teacher about them. */
  | { type: "export"; what: "student" | "onnx" | "teacher" | "project" | "questions" }
  /**
   * A fresh run, or only its preparation; whatever ran before is dropped. `beside`: one of the same data that goes step for step with it.
   * What is done to the run, such as a pause or a live setting, is then done to both.
   */
  | ({ type: "start"; paused?: boolean; beside?: Wanted } & Wanted)
  | { type: "play" }
  | { type: "pause" }
  /** Ends the run where it is: the student is tested, and its result reported. */
  | { type: "stop" }
  /** One update, then pause. */
  | { type: "step" }
  | { type: "set"; key: string; value: string | number }
  /** Something of a person's own that the run's pictures show, in the form its monitor knows. It stays in this tab. */
  | { type: "guest"; guest: Guest }
  | { type: "save" }
  /**
   * Continues a saved run, paused at first, once the data and the teacher it was saved with are there; `beside` is one that was saved with it and
   * goes on step for step with it.
   */
  | { type: "restore"; bytes: Uint8Array; beside?: Uint8Array }
  /** The saved run that waits is not wanted any more. */
  | { type: "abandon" };

export type Phase = "opening" | "ready" | "compiling" | "running" | "paused" | "finished" | "failed";

/** A teacher in words and numbers. */
export interface TeacherFacts {
  id: string;
  name: string;
  origin: "shipped" | "trained" | "imported";
  /** What kind of network, for people: "ViT, width 96, 5 blocks, 4 heads". */
  kind: string;
  /** Its score on held-out data, where known: the first of the task's scores. */
  score?: number;
  /** How it is adapted to the data, in sentences. */
  notes?: string[];
}

/** How far the training of a teacher has come. */
export interface TeacherTrainingReport {
  step: number;
  steps: number;
  /** Loss and share right of the batch, smoothed; absent before the first step. */
  loss?: number;
  rate?: number;
  /** Its score at the last test on held-out images. */
  score?: number;
  secondsLeft?: number;
}

/** What errors cost the student as it was at one step, and the teacher. */
export interface ErrorReport extends Errors {
  step: number;
}

/** A run as a file, where it could be had, and how many milliseconds it stood still for that. */
export interface Saved {
  bytes?: Uint8Array;
  step: number;
  ms?: number;
  /** The run that goes step for step with it. */
  beside?: Pick<Saved, "bytes" | "step">;
}

export type Event =
  /** Something in the address that cannot be used here; the default stands in. */
  | { type: "unusable"; problem: string }
  | { type: "phase"; phase: Phase; note: string }
  | { type: "adapter"; facts: AdapterFacts }
  | {
      type: "started";
      settings: Settings;
      dataset: Reference;
      teacher?: Reference;
      start?: Reference;
      step: number;
      changes: Change[];
      restored: boolean;
    }
  /** What the next run would learn from. */
  | {
      type: "loaded";
      /** Whether the data are new. */
      fresh: boolean;
      data: DataFacts;
      teacher: TeacherFacts | null;
      guide: Pick<TeacherFacts, "id" | "name" | "kind"> | null;
      /** The network that the student begins as, and the settings it decides; absent where students cannot begin as a file. */
      start?: (Pick<TeacherFacts, "id" | "name" | "kind" | "notes"> & { sizes: Partial<Settings> }) | null;
    }
  | { type: "teacherTraining"; report: TeacherTrainingReport | null }
  /** A saved run waits for the data or a network it was saved with. */
  | { type: "missing"; what: "data" | "teacher" | "guide" | "student"; wanted: Reference; settings: Settings }
  | { type: "keptData"; facts: DataFacts | null }
  | { type: "exported"; name: string; ending: "safetensors" | "onnx" | "zip"; bytes: Uint8Array }
  /** A request that came to nothing; whatever runs goes on. With images of `side` pixels it would have come to something. */
  | { type: "refused"; at: "data" | "teacher" | "errors"; message: string; remedy: string; side?: number }
  | { type: "step"; report: Omit<StepReport, "kept"> }
  /** A picture of the task's own. */
  | { type: "view"; task: string; view: ViewEvent }
  /** How far measuring what errors cost has come, 0..1; null when it has ended. */
  | { type: "measuring"; share: number | null }
  | { type: "errors"; errors: ErrorReport }
  /** `right`: which held-out images the student names right, where it is known. */
  | { type: "evaluated"; step: number; scores: Scores; count: number; right?: Uint8Array }
  | { type: "changed"; change: Change }
  | { type: "cost"; cost: Cost }
  /** What the run will take of the GPU's memory, told before its first step. */
  | { type: "memory"; memory: RunMemory }
  /** The teacher's GPU time per step, measured beside the run. */
  | { type: "timed"; time: TeacherTime }
  /** The answer to each `save`: without bytes where a failure, which is told beside it, left none. */
  | ({ type: "saved" } & Saved)
  /** What the run beside the one under way tells of itself. */
  | { type: "beside"; event: Event }
  /** There is no run beside it any more, for this reason. */
  | { type: "parted"; message: string }
  /**
   * `fatal`: there is no GPU any more. `spoiled`: the run's state is no good any more; otherwise the run is untouched. `memory`: the GPU has
   * too little memory for the run.
   */
  | { type: "failed"; message: string; remedy: string; fatal: boolean; spoiled: boolean; memory?: boolean };
