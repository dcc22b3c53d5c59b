/** What a session needs to know of the thing that is learnt; `classification.ts` and its neighbours are tasks. */
import type { Engine } from "../engine/device";
import type { Gradients, Graph, Live, Tensor } from "../engine/graph";
import type { Fetched } from "../engine/readback";
import type { ErrorAnalysis } from "../metrics/errors";
import type { Params } from "../models/params";
import type { Weights } from "../models/weights";
import type { Key, Settings } from "../settings/experiment";
import type { OptimizerOptions } from "../train/optimizer";
import type { Network } from "./classification/network";

/** Settings that are numbers, as the four bytes a kernel reads; and the number of updates made so far. */
export type Knobs = Record<Key | "step", Live>;

/** What one step showed. Names are those the charts and the command line use. */
export interface Report {
  /** Each term of the loss, before its weight. */
  losses: Record<string, number>;
  /** Shares in 0..1, such as the student's accuracy on its batch. */
  rates: Record<string, number>;
  /** Patches kept of each image, [B * k], for whoever counts them. */
  kept?: Uint32Array;
}

/** What held-out data say, by metric; the first is the one that counts. */
export type Scores = Record<string, number>;

/** Told how far something long has come, 0..1. */
export type Progress = (share: number) => void;

/** How long work goes on beside other work on the GPU. */
export interface Beside {
  /** Runs a piece of it when nobody else uses the GPU; at once unless told. */
  alone?: <T>(work: () => Promise<T>) => Promise<T>;
  progress?: Progress;
  /** Ends it between two pieces: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What precision on held-out images is lost to. */
export interface Errors {
  /** Names of the classes, and how many images were looked at. */
  classes: string[];
  images: number;
  student: ErrorAnalysis;
  teacher?: ErrorAnalysis;
}

/** What the teacher costs now and at all patches. MACs as the paper counts them. */
export interface Cost {
  kept: number;
  patches: number;
  macs: number;
  fullMacs: number;
  bufferBytes: number;
}

/** Measured GPU milliseconds of the teacher's part of a step, and of a step in which it sees everything; bytes of its activations. */
export interface TeacherTime {
  ms: number;
  fullMs: number;
  bytes: number;
  fullBytes: number;
}

/** One student being taught. Holds the GPU memory of networks and batch until `destroy`. */
export interface Task<View = unknown> {
  /** Everything that is trained. */
  readonly params: Params;
  readonly optimizer: OptimizerOptions;
  /** Images per step. */
  readonly batch: number;
  /** Records a step up to the gradient. `report` reads what `outputs` leave. */
  trace(graph: Graph): { grads: Gradients; outputs: Record<string, Tensor> };
  /** What the run asks besides data and teacher, and cannot go on without. */
  readonly guide?: Reference;
  /** Throws a SettingError for settings that cannot be with this data and these networks; called before a live change. */
  check?(settings: Settings): void;
  /** Measures, before the first step, settings that were left to the task. */
  prepare?(): Promise<Partial<Record<Key, number>>>;
  /** Uploads what step `step` (from 0) sees. */
  load(step: number): void;
  /** Makes ready what step `step` will see, while the GPU is busy with the one before. */
  ahead(step: number): void;
  report(fetched: Fetched): Report;
  /** Scores on held-out images, all or the first `limit`. */
  evaluate(limit: number, progress?: Progress): Promise<Scores>;
  /** What a student of such weights, and the teacher, lose precision on held-out images to. */
  errors?(weights: Weights, beside?: Beside): Promise<Errors>;
  /** What the student makes of the given held-out images. */
  look(indices: number[]): Promise<View>;
  /** A setting that changes recordings has changed: recorded looks are stale. */
  forget(): void;
  cost(): Cost | undefined;
  /** Times the teacher; undefined without one. Runs it a few times: for now and then, between steps. */
  teacherTime?(): Promise<TeacherTime | undefined>;
  /** Another network whose attention may choose what is masked. */
  offerGuide?(guide: Network): void;
  /** The student alone, under the names the outside world knows. */
  weights(): Promise<Weights>;
  destroy(): void;
}

/** What a saved run does not contain: it goes on only with what has this id. The name is for people. */
export interface Reference {
  id: string;
  name: string;
}

/** Data and teacher of a run, and how a task is made of them. `task` throws an EngineError when they do not fit. */
export interface Subject<T extends Task = Task> {
  dataset: Reference;
  teacher?: Reference;
  guide?: Reference;
  task(engine: Engine, settings: Settings, knobs: Knobs): T;
}
