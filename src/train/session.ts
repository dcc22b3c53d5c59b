/**
 * One run: build, play, pause, step, change a setting, evaluate, save, continue. Knows no browser and no command line.
 *
 * Everything a step sees is a function of the seed and the step number (order of images, augmentation, random masks), so a
 * session restored from a checkpoint continues with the same bits.
 */
import { Batches } from "../data/batches";
import type { Dataset } from "../data/dataset";
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { Live } from "../engine/graph";
import type { Program } from "../engine/program";
import type { Criterion } from "../methods/maskedkd";
import { configMacs } from "../metrics/cost";
import { Params } from "../models/params";
import { checkWeights, initViT, patches, type ViTConfig } from "../models/vit.config";
import type { Weights } from "../models/weights";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint";
import { type Change, type Key, parseSetting, SETTINGS, SettingError, type Settings } from "./experiment";
import { Optimizer, warmupCosine } from "./optimizer";
import { Probe, type Views } from "./probe";
import { type Batch, compileStep, type Model } from "./step";

/** A trained network and what it is called. */
export interface Network {
  name: string;
  weights: Weights;
  config: ViTConfig;
}

/** What one step did. Rates are in 0..1, times in milliseconds. */
export interface StepReport {
  step: number;
  ce: number;
  /** Distillation loss and the teacher's part; absent when the student learns alone. */
  kd?: number;
  studentTop1: number;
  teacherTop1?: number;
  /** How often student and teacher give the same answer. */
  agreement?: number;
  lr: number;
  ms: number;
  imagesPerSecond: number;
  /** Patches kept of each image, [B * k], for whoever counts them. */
  kept?: Uint32Array;
}

/** What the teacher costs at the current number of patches and at all of them. MACs as the paper counts them. */
export interface Cost {
  kept: number;
  patches: number;
  macs: number;
  fullMacs: number;
  bufferBytes: number;
}

export interface SessionOptions {
  engine: Engine;
  dataset: Dataset;
  settings: Settings;
  /** Without one, the student learns from the labels alone. */
  teacher?: Network;
}

const EVALUATION_BATCH = 100;

export class Session {
  readonly changes: Change[] = [];
  step = 0;
  private program?: Program;
  private watch?: Probe;
  /** Counts the changes that call for a new recording. */
  private version = 0;
  private readonly batches: Batches;
  private readonly batch: Batch;
  private readonly teacher?: Model;
  private readonly live = { lambda: new Live(1), temperature: new Live(1), smoothing: new Live(0), step: new Live(0) };

  private constructor(
    private readonly options: SessionOptions,
    readonly settings: Settings,
    private readonly student: Model,
    private readonly optimizer: Optimizer,
  ) {
    const { engine, dataset, teacher } = options;
    this.batches = new Batches(dataset, settings.batch, settings.seed);
    const images = engine.takeBuffer(4 * settings.batch * dataset.channels * dataset.side ** 2);
    this.batch = { size: settings.batch, images, labels: engine.takeBuffer(4 * settings.batch) };
    if (teacher) this.teacher = { params: new Params(engine, teacher.weights), config: teacher.config };
  }

  /** A fresh run. Rejects with what does not fit: teacher and data, settings and model. */
  static create(options: SessionOptions): Session {
    const { engine, dataset, settings, teacher } = options;
    if (teacher) assertFits(teacher, dataset);
    const config = studentConfig(settings, dataset, teacher?.config);
    const student = { params: new Params(engine, initViT(config, settings.seed)), config };
    return new Session(options, { ...settings }, student, new Optimizer(student.params, { kind: "adamw" }));
  }

  /** Continues a saved run on the same data and teacher. */
  static restore(options: Omit<SessionOptions, "settings">, bytes: Uint8Array): Session {
    const saved = readCheckpoint(bytes);
    if (saved.dataset !== options.dataset.name)
      throw new EngineError(`This run was saved on ${saved.dataset}, not on ${options.dataset.name}.`, "Open that data first.");
    if (saved.teacher !== options.teacher?.name)
      throw new EngineError(`This run was saved with the teacher ${saved.teacher ?? "(none)"}.`, "Load that teacher first.");
    checkWeights(studentConfig(saved.settings, options.dataset, options.teacher?.config), saved.weights, "the saved student");
    const session = Session.create({ ...options, settings: saved.settings });
    session.student.params.write(saved.weights);
    session.optimizer.restore(saved.optimizer);
    session.step = saved.step;
    session.changes.push(...saved.changes);
    return session;
  }

  /** The whole state as one file: weights, optimizer, step, settings, changes. */
  async save(): Promise<Uint8Array> {
    const { dataset, teacher } = this.options;
    const checkpoint: Checkpoint = {
      settings: this.settings,
      step: this.step,
      changes: this.changes,
      dataset: dataset.name,
      teacher: teacher?.name,
      weights: await this.student.params.read(),
      optimizer: await this.optimizer.state(),
    };
    return writeCheckpoint(checkpoint);
  }

  get finished(): boolean {
    return this.step >= this.settings.steps;
  }

  /** The student's current weights, under timm's names. */
  weights(): Promise<Weights> {
    return this.student.params.read();
  }

  get config(): ViTConfig {
    return this.student.config;
  }

  /** Number of patches k the teacher sees now. */
  get kept(): number {
    const count = patches(this.teacher?.config ?? this.student.config);
    return Math.min(count, Math.max(1, Math.round(this.settings.keep * count)));
  }

  /** Makes one update and reports it. */
  async advance(): Promise<StepReport> {
    const started = performance.now();
    const program = await this.recorded();
    const indices = this.batches.indices(this.step);
    const { images, labels } = this.batches.load(this.options.dataset.train, indices);
    const { queue } = this.options.engine.device;
    queue.writeBuffer(this.batch.images, 0, images as BufferSource);
    queue.writeBuffer(this.batch.labels, 0, labels as BufferSource);
    const lr = this.applyLive();
    this.optimizer.advance();
    const out = await program.fetch();
    this.step++;
    const ms = performance.now() - started;
    return { step: this.step, lr, ms, imagesPerSecond: (1000 * labels.length) / ms, ...measure(out, labels) };
  }

  /** The recorded step. A change that arrives while it is compiled records it again. */
  private async recorded(): Promise<Program> {
    while (!this.program) {
      const version = this.version;
      const program = await this.compile();
      if (version === this.version) this.program = program;
      else program.dispose();
    }
    return this.program;
  }

  /** Changes a live setting; it acts on the next step. Throws a SettingError for others, and for values that cannot be. */
  set(key: Key, value: unknown): Change {
    if (SETTINGS[key].when !== "live") throw new SettingError(`${key} cannot change during a run.`, "Start a new run with it.");
    const to = parseSetting(key, value);
    const change = { step: this.step, key, from: this.settings[key], to };
    Object.assign(this.settings, { [key]: to });
    this.changes.push(change);
    if (RETRACE.has(key)) this.forget();
    return change;
  }

  /** Share of held-out images (all, or the first `limit`) the student classifies right. */
  async evaluate(limit = Number.POSITIVE_INFINITY): Promise<number> {
    const { test } = this.options.dataset;
    const count = Math.min(limit, test.count);
    const probe = await Probe.compile(this.options.engine, { student: this.student, batch: Math.min(EVALUATION_BATCH, count) });
    let right = 0;
    try {
      for (let from = 0; from < count; from += EVALUATION_BATCH) {
        const indices = Array.from({ length: Math.min(EVALUATION_BATCH, count) }, (_, i) => Math.min(from + i, count - 1));
        const { images, labels } = this.batches.load(test, indices);
        const { logits } = await probe.run(images);
        const fresh = Math.min(EVALUATION_BATCH, count - from);
        right += top(logits, this.student.config.classes)
          .slice(0, fresh)
          .filter((c, i) => c === labels[i]).length;
      }
    } finally {
      probe.destroy();
    }
    return right / count;
  }

  /** What the student's masks look like on the given held-out images. */
  async look(indices: number[]): Promise<Views> {
    const probe = await this.watching(indices.length);
    return probe.run(this.batches.load(this.options.dataset.test, indices).images);
  }

  /** The recorded look at `batch` images, kept until a setting changes what is recorded: pictures are refreshed all the time. */
  private async watching(batch: number): Promise<Probe> {
    while (this.watch?.batch !== batch) {
      this.watch?.destroy();
      this.watch = undefined;
      const version = this.version;
      const { engine } = this.options;
      const probe = await Probe.compile(engine, { student: this.student, teacher: this.teacher, batch, keep: this.keep() });
      if (version === this.version) this.watch = probe;
      else probe.destroy();
    }
    return this.watch;
  }

  /** The teacher's cost now; undefined without a teacher. */
  cost(): Cost | undefined {
    if (!this.teacher) return undefined;
    const { config } = this.teacher;
    return {
      kept: this.kept,
      patches: patches(config),
      macs: configMacs(config, this.kept).total,
      fullMacs: configMacs(config).total,
      bufferBytes: this.options.engine.allocatedBytes,
    };
  }

  destroy(): void {
    this.forget();
    const { engine } = this.options;
    for (const buffer of [this.batch.images, this.batch.labels]) engine.giveBuffer(buffer);
    this.optimizer.destroy();
    this.student.params.destroy();
    this.teacher?.params.destroy();
  }

  private keep() {
    const { criterion, queries, reading, seed } = this.settings;
    const random = { seed, step: this.live.step };
    return { k: this.kept, criterion: criterion as Criterion, queries: queries as "cls", reading: reading as "code", random };
  }

  private compile(): Promise<Program> {
    const { settings, teacher, live } = this;
    return compileStep(this.options.engine, {
      student: this.student,
      optimizer: this.optimizer,
      batch: this.batch,
      smoothing: live.smoothing,
      augment: settings.augment === "light" ? { seed: settings.seed, step: live.step } : undefined,
      lesson: teacher && { teacher, keep: this.keep(), temperature: live.temperature, weight: live.lambda },
    });
  }

  /** Drops the recorded step; the next one is recorded anew. */
  private forget(): void {
    this.version++;
    this.watch?.destroy();
    this.watch = undefined;
    this.program?.dispose();
    this.program = undefined;
  }

  private applyLive(): number {
    const { settings, live } = this;
    const warmup = Math.ceil(0.05 * settings.steps);
    const lr = warmupCosine(this.step + 1, { peak: settings.lr, warmup, total: settings.steps, end: settings.lr / 100 });
    this.optimizer.knobs.lr.value = lr;
    this.optimizer.knobs.decay.value = settings.decay;
    live.lambda.value = settings.lambda;
    live.temperature.value = settings.temperature;
    live.smoothing.value = settings.smoothing;
    live.step.value = this.step;
    return lr;
  }
}

/** Settings that change what is recorded, not only its numbers. */
const RETRACE: ReadonlySet<Key> = new Set<Key>(["keep", "criterion", "queries", "reading", "augment"]);

function assertFits({ name, config }: Network, dataset: Dataset): void {
  const wrong =
    config.classes !== dataset.classes.length
      ? `${config.classes} classes, the data has ${dataset.classes.length}`
      : config.image !== dataset.side
        ? `images of ${config.image} pixels, the data has ${dataset.side}`
        : config.channels !== dataset.channels && `${config.channels} colour channels, the data has ${dataset.channels}`;
  if (wrong) throw new EngineError(`The teacher ${name} expects ${wrong}.`, "Train a teacher on this data, or load one that was.");
}

/** The student the settings ask for; it cuts images into the teacher's patches, or into 8 x 8 of them. */
function studentConfig(settings: Settings, dataset: Dataset, teacher?: ViTConfig): ViTConfig {
  const { width, depth, heads } = settings;
  if (width % heads !== 0) throw new EngineError(`A width of ${width} cannot be shared by ${heads} heads.`, "Make it a multiple.");
  return {
    ...{
      image: dataset.side,
      patch: teacher?.patch ?? Math.ceil(dataset.side / 8),
      channels: dataset.channels,
      classes: dataset.classes.length,
    },
    ...{ width, depth, heads, headDim: width / heads, mlp: 4 * width },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  };
}

/** Index of the largest of each row of `classes` numbers; the first of equals. */
function top(logits: ArrayLike<number>, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[row * classes + c] > logits[row * classes + best]) best = c;
    return best;
  });
}

function measure(out: Awaited<ReturnType<Program["fetch"]>>, labels: Uint32Array) {
  const classes = out.logits.length / labels.length;
  const student = top(out.logits, classes);
  const share = (a: number[], b: ArrayLike<number>) => a.filter((v, i) => v === b[i]).length / a.length;
  const alone = { ce: out.ce[0], studentTop1: share(student, labels) };
  if (!out.teacherLogits) return alone;
  const teacher = top(out.teacherLogits, classes);
  const kept = out.kept as Uint32Array | undefined;
  return { ...alone, kd: out.kd[0], teacherTop1: share(teacher, labels), agreement: share(student, teacher), kept };
}
