/**
 * What a wing declares: its words, settings, methods and data at once; and what is loaded when it is wanted (data, networks as files, what needs
 * the GPU). What one run of it does is `Task`, in `task.ts`.
 */
import type { Decode, DecodeWhole } from "../data/decode";
import type { SourceFile } from "../data/files";
import type { DecodeSound } from "../data/wav";
import type { Engine } from "../engine/device";
import type { MethodInfo } from "../methods/method";
import type { Row } from "../settings/recipes";
import type { Settings } from "../settings/run";
import type { Table, Value } from "../settings/setting";
import type { Study } from "./claims";
import type { AnyDataset, AnyNetwork, ImportHints, LiveValues, Monitor, Reference, Sources, Task, Watched } from "./task";

/** A data set in words and numbers. */
export interface DataFacts extends Reference {
  /** The task it is for. */
  task: string;
  /** Whether its images are generated here rather than brought by a person. */
  generated: boolean;
  side: number;
  channels: number;
  classes: string[];
  /** Images to learn from, and images held out. */
  train: number;
  test: number;
  /** What a person should know of how it was read. */
  notes: string[];
}

/** How pictures become pixels on this machine, and where it can, compressed sounds samples. */
export interface Decoders {
  square: Decode;
  whole: DecodeWhole;
  sound?: DecodeSound;
}

export interface ReadOptions {
  side: number;
  seed: number;
  /** Of data that come with the program: what they are called, and how many of them, the first ones, are taken. */
  name?: string;
  most?: Counts;
  decoders: Decoders;
  onProgress?: (share: number) => void;
}

/** How many generated images, and of what size. */
export interface GeneratedOptions {
  /** Which of the task's generated sets, by name; the usual one by default. */
  set?: string;
  side: number;
  train: number;
  test: number;
  seed: number;
}

/** What data hold, in numbers. */
export interface Contents {
  /** "images", "detection", "segmentation". */
  kind: string;
  /** Boxes in all, where there are any. */
  boxes?: number;
  /** How often each class occurs in each part. */
  counts: Record<"train" | "test", Record<string, number>>;
}

/** Where a wing's data come from. */
export interface TaskData<D = AnyDataset> {
  /** Generated data are described by their id. */
  generated(options: GeneratedOptions): D;
  /** The options that an id was made from; undefined where the id is not one of this generator. */
  optionsOf(id: string): GeneratedOptions | undefined;
  /** A person's own files. Rejects with a DataError that names the file. */
  open(files: SourceFile[], options: ReadOptions): Promise<{ packed: unknown; notes: string[] }>;
  /** For the way from thread to thread, and for keeping. */
  pack(dataset: D): unknown;
  unpack(packed: unknown): D;
  channels(dataset: D): number;
  contents(dataset: D): Contents;
}

/** A wing's networks as files. */
export interface TaskNetworks<D = AnyDataset, N = AnyNetwork, T extends Task = Task> {
  read(bytes: Uint8Array, name: string, hints: ImportHints): Promise<N>;
  write(task: T, dataset: D, score?: number): Promise<Uint8Array>;
  /** What a run makes as an ONNX file; absent where the task's definition does not say `onnx`. */
  onnx?(task: T, dataset: D): Promise<Uint8Array>;
  /** The data as a file for a teacher elsewhere, whose saved answers `read` takes; absent where none are taken. */
  questions?(dataset: D): Uint8Array;
  /** Throws an EngineError when the network is for other data; `asItIs`: also when it has to be adapted, as nobody asked for. */
  assertFits(network: N, dataset: D, asItIs?: boolean): void;
  /** How a network that fits is adapted to the data, in sentences for people. */
  adaptations?(network: N, dataset: D): string[];
  /** Its score on held-out data. Rejects when it is for other data. */
  measure(engine: Engine, network: N, dataset: D): Promise<number>;
  /** Whether the network is of the kind that `teacherKind` asks for; absent where all are alike. */
  suits?(network: N, settings: Settings): boolean;
  /** The network's kind and size, for people: "ViT, width 96, 5 blocks, 4 heads". */
  describe(network: N): string;
  /** The settings that a network decides where a student begins as it, of those that were wanted; absent where none may. */
  sizesOf?(network: N, wanted?: Settings): Record<string, number | string>;
  /** How a network gives way where a student of this data begins as it, in sentences for people. */
  changesOf?(network: N, dataset: D): string[];
  /** Reads a network whose attention may choose patches, and describes it; absent where no setting uses one. */
  readGuide?(bytes: Uint8Array, name: string, hints: ImportHints): Promise<{ network: AnyNetwork; kind: string }>;
}

/** What of a wing needs the GPU. */
export interface TaskRuntime<D = AnyDataset, N = AnyNetwork, T extends Task = Task> {
  networks: TaskNetworks<D, N, T>;
  /** Throws an EngineError when sources or settings do not fit. */
  create(engine: Engine, sources: Sources<D, N>, settings: Settings, live: LiveValues): T;
  monitor(watched: Watched<D, T>): Monitor;
}

/** How many generated images a place learns from and holds out. */
export interface Counts {
  train: number;
  test: number;
}

/** A teacher's file in `public/`; where teachers differ in kind, the one for students of such settings, if there is one. */
export type Shipped = string | ((settings: Settings) => string | undefined);

/** Images that are generated here, and the teacher that comes with them. */
export interface GeneratedSet {
  /** What they are, for people. */
  about: string;
  /** Where there is one. */
  shipped?: Shipped;
}

/** Real images that come with the program, and a teacher for them. */
export interface Sample {
  name: string;
  about: string;
  /** Below `public/`. */
  folder: string;
  files: readonly string[];
  shipped?: Shipped;
}

/** A data set on the Hugging Face Hub that many distil on. */
export interface HubSet {
  name: string;
  about: string;
  /** Its address: `hf:...`. */
  word: string;
}

/** What a wing declares. */
export interface TaskDefinition<D extends AnyDataset = AnyDataset, N extends AnyNetwork = AnyNetwork, T extends Task = Task> {
  name: string;
  /** What its students do: "classifies images". */
  verb: string;
  /** Which network a run hands out as its result: the student by default. */
  made?: "teacher";
  /** The score that counts, by name. */
  metric: string;
  /** What rows of the command line call the rates of a report; their own names by default. */
  rateNames?: Readonly<Record<string, string>>;
  settings: Table;
  /** Each is a preset. */
  methods: Readonly<Record<string, MethodInfo>>;
  /** Generated images in the page, and on the command line; and the sets, by the names that `data=` knows. The first is the usual one. */
  generated: { page: Counts; cli: Counts; sets: Readonly<Record<string, GeneratedSet>> };
  /** Real images, by the names that `data=` knows. */
  samples?: Readonly<Record<string, Sample>>;
  /** Data sets of the Hub to begin with; absent where none is learned from. */
  hub?(): Promise<readonly HubSet[]>;
  /** Rows of its papers' tables, by names that `row=` knows. */
  rows?: Readonly<Record<string, Row>>;
  /** Settings, besides the side, that student and teacher must have alike; so a teacher that is trained for a student takes them over. */
  shares?: readonly string[];
  /** Where teachers differ in kind: the kind that teaches students of these settings, as settings of a network that is trained to be one. */
  teacherKind?(settings: Settings): Readonly<Record<string, Value>>;
  /** Sizes of a network that is trained here, by name: values of settings. A teacher should be larger than its student. */
  sizes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Whether files are tried as this task's data when no preset is named. Of several such tasks the last in the list is tried first. */
  readsUnasked?: boolean;
  /** Whether kernels of the first step are compiled before those of pictures, which then wait: where it does not take long. */
  stepFirst: boolean;
  /** Settings that cannot go together, at the one that mends it. */
  conflicts?(settings: Settings): Record<string, string>;
  /** Whether these settings need a guide: a network besides student and teacher. */
  asksGuide?(settings: Settings): boolean;
  /** Whether its networks are also written as ONNX. */
  onnx?: boolean;
  /** Claims of its papers as experiments, in the order in which they should be run. */
  studies?(): Promise<readonly Study[]>;
  data(): Promise<TaskData<D>>;
  runtime(): Promise<TaskRuntime<D, N, T>>;
}
