/** The two kinds of thing a page can teach, and what each needs of data, networks and files. Everything else is the same. */
import { type Dataset, packed } from "../data/dataset";
import { type DetectionSet, packedSet } from "../data/detection";
import type { Engine } from "../engine/device";
import type { ViTConfig } from "../models/vit/config";
import { fitted } from "../tasks/classification/fitted";
import { Watch } from "../tasks/classification/monitor";
import { type Network, readNetwork, type Told, writeNetwork } from "../tasks/classification/network";
import { type Classification, classification, measure } from "../tasks/classification/task";
import { measureDetector } from "../tasks/detection/evaluate";
import { BoxWatch } from "../tasks/detection/monitor";
import { assertTakes, type DetectorNetwork, readDetector, writeDetector } from "../tasks/detection/network";
import { type DetectionTask, detection } from "../tasks/detection/task";
import type { Reference, Subject, Task } from "../tasks/task";
import type { Session } from "../train/session";
import type { DataFacts, Event } from "./protocol";

/** Any data set: what a run needs to know of it whatever is learnt. */
export interface AnyData extends Reference {
  side: number;
  classes: string[];
  train: { count: number };
  test: { count: number };
}

/** A trained network of any kind. */
export interface AnyNetwork extends Reference {
  /** Its score on held-out data, where known: the first of the task's scores. */
  score?: number;
}

/** What looks at held-out data while a session runs. */
export interface Watcher {
  showGallery(): void;
  introduce(): Promise<void>;
  follow(): Promise<void>;
  count(report: { kept?: Uint32Array; step: number }): Promise<void>;
  glance(): Promise<void>;
  look(): Promise<void>;
  /** After a test on held-out data. */
  tested?(): Promise<void>;
  store(): void;
}

export interface Kind<D extends AnyData = AnyData, N extends AnyNetwork = AnyNetwork, T extends Task = Task> {
  name: "classifier" | "detector";
  /** The one of the task's scores that counts. */
  score: "top1" | "map";
  /** Whether kernels of the first step are compiled before those of pictures, which then wait: where it does not take long. */
  stepFirst: boolean;
  /** File of the teacher that comes with the page. */
  shipped: string;
  read(bytes: Uint8Array, name: string, told: Told): Promise<N>;
  write(session: Session<T>, data: D, score?: number): Promise<Uint8Array>;
  /** Throws an EngineError when the network is for other data. */
  assertFits(network: N, data: D): void;
  measure(engine: Engine, network: N, data: D): Promise<number>;
  subject(parts: { dataset: D; teacher?: N; guide?: Network }): Subject<T>;
  watch(data: D, session: Session<T>, post: (event: Event) => void): Watcher;
  facts(data: D, notes: string[]): DataFacts;
  /** The data as this device keeps them. */
  packed(data: D): unknown;
  /** The network's size, for people. */
  describe(network: N): string;
}

/** A transformer's size, for people. */
export const describeViT = ({ width, depth, heads }: ViTConfig): string =>
  `ViT, width ${width}, ${counted(depth, "block")}, ${counted(heads, "head")}`;

const counts = ({ train, test }: AnyData) => ({ train: train.count, test: test.count });

type Classifier = Network & AnyNetwork;

export const CLASSIFIER: Kind<Dataset, Classifier, Classification> = {
  ...{ name: "classifier", score: "top1", stepFirst: true, shipped: "teacher-scenes.safetensors" },
  async read(bytes, name, told) {
    const network = await readNetwork(bytes, name, told);
    return { ...network, score: network.top1 };
  },
  write: async ({ task }, data, top1) => writeNetwork({ weights: await task.weights(), config: task.config, top1 }, data),
  assertFits: (network, data) => void fitted(network, data),
  measure,
  subject: classification,
  watch: (data, session, post) => new Watch(data, session, post),
  facts: (data, notes) => ({
    ...{ id: data.id, name: data.name, side: data.side, channels: data.channels },
    classes: data.classes,
    ...counts(data),
    notes,
  }),
  packed,
  describe: ({ config }) => describeViT(config),
};

type Detector = DetectorNetwork & AnyNetwork;

export const DETECTOR: Kind<DetectionSet, Detector, DetectionTask> = {
  ...{ name: "detector", score: "map", stepFirst: false, shipped: "teacher-detector.safetensors" },
  async read(bytes, name) {
    const network = await readDetector(bytes, name);
    return { ...network, score: network.map };
  },
  write: async ({ task }, data, map) => writeDetector({ weights: await task.weights(), config: task.config, map }, data),
  assertFits: assertTakes,
  measure: measureDetector,
  subject: detection,
  watch: (data, session, post) => new BoxWatch(data, session, post),
  facts: (data, notes) => ({
    ...{ id: data.id, name: data.name, side: data.side, channels: 3 },
    classes: data.classes,
    ...counts(data),
    notes,
  }),
  packed: packedSet,
  describe: ({ config: { kind, blocks, width, channels } }) =>
    `${kind.toUpperCase()}, ResNet of ${2 + 2 * blocks.reduce((a, b) => a + b, 0)} layers, width ${width}, pyramid ${channels}`,
};

const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
