/**
 * One run of a task: interfaces alone. Each folder beside this file is a wing that implements them; training, worker, page and commands know a
 * task by them only. What a wing declares besides is in `definition.ts`.
 */
import type { Moments } from "../data/dataset";
import type { Fitted } from "../data/decode";
import type { Gradients, Graph, Live, Tensor } from "../engine/graph";
import type { Fetched } from "../engine/readback";
import type { ErrorAnalysis } from "../metrics/errors";
import type { Params } from "../models/params";
import type { Writable } from "../models/safetensors";
import type { Told } from "../models/vit/hub";
import type { Weights } from "../models/weights";
import type { Settings } from "../settings/run";

/** Settings by key, as the four bytes a kernel reads (choices as NaN); and the number of updates made so far, as `step`. */
export type LiveValues = Readonly<Record<string, Live>>;

/** What one step showed. Names are those the charts and the command line use. */
export interface Report {
  /** Each term of the loss, before its weight. */
  losses: Record<string, number>;
  /** Shares in 0..1, such as the student's accuracy on its batch. */
  rates: Record<string, number>;
  /** Patches kept of each image, [B * k]; the monitor counts them. */
  kept?: Uint32Array;
}

/** What held-out data say, by metric; the first is the one that counts. */
export type Scores = Record<string, number>;

/** Receives how far something long has come, 0..1. */
export type Progress = (share: number) => void;

/** Runs a piece of work when nobody else uses the GPU. */
export type Alone = <T>(work: () => Promise<T>) => Promise<T>;

/** How long work goes on beside other work on the GPU. */
export interface Beside {
  /** Waits for the GPU; without it, work runs at once. */
  alone?: Alone;
  progress?: Progress;
  /** Ends it between two pieces: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Which mistakes cost precision on held-out images. */
export interface Errors {
  /** Names of the classes, and how many images were looked at. */
  classes: string[];
  images: number;
  student: ErrorAnalysis;
  teacher?: ErrorAnalysis;
}

/** What the teacher costs now and at all patches. MACs of one image, as the paper counts them. */
export interface Cost {
  kept: number;
  patches: number;
  /** The teacher's answer, and what choosing the patches takes besides. */
  macs: number;
  /** Of those, a pass that is made for the choice alone: the teacher's own, a guide's, or one more of a student that is masked. */
  extraMacs?: number;
  /** The teacher's answer on all patches. */
  fullMacs: number;
  /** A step of the student: forward and backward. */
  studentMacs?: number;
  /** Whether an image costs this once, and nothing in later epochs. */
  once?: boolean;
  bufferBytes: number;
}

/**
 * Measured GPU milliseconds of the teacher's part of a step, choosing the patches included, and of a step in which it sees
 * everything; bytes of activations.
 */
export interface TeacherTime {
  ms: number;
  fullMs: number;
  /** The student's forward pass, where that is measured. */
  studentMs?: number;
  /** Half of the measurements lie between these; so many there were. Absent in recordings from before it was measured. */
  spread?: {
    ms: readonly [number, number];
    fullMs: readonly [number, number];
    studentMs?: readonly [number, number];
    times: number;
  };
  bytes: number;
  fullBytes: number;
}

/** What a saved run does not contain: it goes on only with what has this id. The name is for people. */
export interface Reference {
  id: string;
  name: string;
}

/** Any data set: what a run needs to know of it whatever is learned. */
export interface AnyDataset extends Reference {
  side: number;
  classes: string[];
  train: { readonly count: number };
  test: { readonly count: number };
}

/** A trained network of any kind. */
export interface AnyNetwork extends Reference {
  /** Its score on held-out data, where known: the first of the task's scores. */
  score?: number;
}

/** What a person, or a file beside the weights, may add about a network whose own file does not say it. */
export interface ImportHints extends Told {
  moments?: Moments;
  /** By names of the data's classes, what the network calls them. */
  aliases?: Record<string, string>;
}

/** What a run learns from. */
export interface Sources<D = AnyDataset, N = AnyNetwork> {
  dataset: D;
  /** Without one, the student learns from the labels alone. */
  teacher?: N;
  /** Another network whose attention may choose the patches. */
  guide?: AnyNetwork;
  /** The network that the student begins as; without one it begins with fresh weights. */
  start?: N;
}

/** How parameters are updated. */
export interface OptimizerOptions {
  /** The run's settings say which. */
  kind: "adamw" | "sgd";
  /** Decay rate of the first moment; the momentum of sgd. */
  beta1?: number;
  beta2?: number;
  eps?: number;
  /** Clip the norm of the gradient at `limit` (1 by default): that of all parameters together, or of each by itself. */
  clip?: "all" | "each";
  limit?: number;
  /** Parameters, by name, that keep their values while `hold` is 1; their moments gather meanwhile. */
  waits?: { which(name: string): boolean; hold: Live };
  /** Mixed precision: gradients are multiplied with a loss scale, and updates left out where they overflow. */
  scaling?: Partial<LossScaling>;
  /** Parameters that decay. DeiT's rule when absent: matrices do; biases, norms, positions and class token do not. */
  decays?: (name: string, shape: number[]) => boolean;
}

/** The scale of losses whose gradients are kept in f16. */
export interface LossScaling {
  /** That of the first step; 65,536 by default, as in PyTorch. */
  initial: number;
  /** After so many updates in a row it doubles; 2000 by default, as in PyTorch. */
  interval: number;
}

/** How a step is recorded. */
export interface TraceOptions {
  /** Also outputs the batch as it is learned from. */
  whole?: boolean;
  /** Takes what is frozen from what is known, as `load` finds it. */
  known?: boolean;
}

/** What a project in PyTorch has of a run, beside what every run has: the networks, and how a batch is kept. */
export interface HandedOver {
  /** The folders of `python/` with the task's files; where two have one of the same name, that of the last counts. */
  folders: readonly string[];
  /** By role: a safetensors file, and the configuration it needs. What learns is the student, and modules where there are any. */
  networks: Record<string, { bytes: Uint8Array; config: object }>;
  /** Whatever else the files of that folder read from `run.json`. */
  facts: object;
  /** What a step has seen, as tensors by name, from its outputs recorded `whole`. */
  batch(outputs: Fetched): Record<string, Writable>;
}

/** What a run learns before its first step, by an optimizer of its own; it stays as it is from then on. */
export interface Beforehand {
  /** What goes on, for people: "Prompts learn". */
  label: string;
  /** Among what the task carries. */
  params: Params;
  steps: number;
  /** Begins anew, with fresh values. */
  begin(): void;
  /** Records a step up to the gradient; outputs are losses. */
  trace(graph: Graph): { grads: Gradients; outputs: Record<string, Tensor> };
  /** Uploads what step `step` (from 0) sees. */
  load(step: number): void;
  /** Is told what a step showed: losses by name. */
  learned(losses: Record<string, number>): void;
}

/** One student being taught. Holds the GPU memory of networks and batch until `destroy`. */
export interface Task<Views = unknown> {
  /** Everything that is trained. */
  readonly params: Params;
  /** What a run changes beside `params`, such as a teacher that follows its student: saved and restored with the run. */
  readonly carried?: Params;
  /** What has to be learned before the first step. */
  readonly beforehand?: Beforehand;
  readonly optimizer: Omit<OptimizerOptions, "kind">;
  /** Images per step. */
  readonly batch: number;
  /** Records a step up to the gradient; `after` records what follows the update. `report` reads what `outputs` leave. */
  trace(graph: Graph, options?: TraceOptions): { grads: Gradients; outputs: Record<string, Tensor>; after?(): void };
  /** The guide, where the settings need one: a saved run cannot continue without it. */
  readonly guide?: Reference;
  /** Throws a SettingError for settings that cannot be with this data and these networks; called before a live change. */
  check?(settings: Settings): void;
  /** Asked before each step: settings that the task measures at that step, by key; at most steps none. Nobody's own are replaced. */
  prepare?(step: number): Promise<Record<string, number>>;
  /** Weight decay of step `step` (from 0), where the task has a schedule for it; that of the settings otherwise. */
  decayAt?(step: number): number;
  /**
   * Whether what is frozen is known of every image, once the steps on their way have been reported: from then on steps are recorded and loaded
   * as `known`.
   */
  readonly knowsAll?: boolean;
  /** Uploads what step `step` (from 0) sees. Returns what `report` needs of it: other steps may be loaded before it is called. */
  load(step: number, known?: boolean): unknown;
  /** Makes ready what step `step` will see, while the GPU is busy with the one before. */
  ahead(step: number): void;
  /** What a step showed; `loaded` is what `load` returned for it. */
  report(fetched: Fetched, loaded: unknown): Report;
  /**
   * For each held-out image 1 where the student was right when all were last tested: what McNemar's test compares two runs by.
   * Absent before, and where an image is not simply right or wrong.
   */
  readonly lastRight?: Uint8Array;
  /** Scores on held-out images, all or the first `limit`. */
  evaluate(limit: number, progress?: Progress): Promise<Scores>;
  /**
   * What came of the run, for the command line's last line and a sweep's row: scores by name, and what the teacher cost.
   * `whole` adds what takes long and has parts, such as an analysis of errors. `known` is the share of the steps for which nothing frozen was
   * computed.
   */
  outcome(options?: { whole?: boolean; known?: number }): Promise<Record<string, unknown>>;
  /** Which mistakes cost a student with these weights, and the teacher, their precision on held-out images. */
  errors?(weights: Weights, beside?: Beside): Promise<Errors>;
  /** Predictions of student and teacher on these held-out images. */
  snapshot(images: number[]): Promise<Views>;
  /** What the teacher makes of the first `limit` held-out images under the mask of now; empty without a teacher. */
  masked?(limit?: number): Promise<Scores>;
  /** A setting that changes recordings has changed: recorded snapshots are stale. */
  forget(): void;
  cost(): Cost | undefined;
  /** Times the teacher; undefined without one. Runs it a few times: for now and then, between steps. */
  teacherTime?(): Promise<TeacherTime | undefined>;
  /** Another network whose attention may choose what is masked. */
  offerGuide?(guide: AnyNetwork): void;
  /** The student alone, under the names the outside world knows. */
  weights(): Promise<Weights>;
  /** For a project in PyTorch. Rejects with an EngineError where a network is of a kind that it does not know. */
  handedOver(): Promise<HandedOver>;
  destroy(): void;
}

/** A picture's data for the page. The wing's half of the page knows by the name what they are. */
export interface ViewEvent {
  name: string;
  value: unknown;
  /** The step it was made at, and how many such a page keeps over a run; only the newest by default. */
  step?: number;
  keep?: number;
}

/** What a monitor watches. */
export interface Watched<D = AnyDataset, T extends Task = Task> {
  task: T;
  dataset: D;
  settings: Settings;
  /** Updates made so far. */
  step(): number;
  /** Whatever else belongs to the run and is saved with it, by name. */
  extras: Weights;
  show(view: ViewEvent): void;
}

/** Something of a person's own: a sound of 16 bits at 16 kHz, or a whole picture on a square of the side of the data. */
export type Guest = Int16Array | Fitted;

/** Watches held-out data while a session runs, and counts. */
export interface Monitor {
  /** Shows the images themselves: needs no kernels. */
  gallery(): void;
  /** Shows the predictions of student and teacher on them before the first step. */
  introduce(): Promise<void>;
  /** After a change of the mask. */
  follow(): Promise<void>;
  /** After each step. */
  count(report: { kept?: Uint32Array; step: number }): Promise<void>;
  /** A snapshot, if it is time for one. */
  refresh(): Promise<void>;
  /** A snapshot now. */
  snapshot(): Promise<void>;
  /** After a test on held-out data. */
  tested?(): Promise<void>;
  /** Shows this among the pictures from now on, where it is of their kind. */
  guest?(guest: Guest): void;
  /** Puts what was counted among the extras. */
  store(): void;
}
