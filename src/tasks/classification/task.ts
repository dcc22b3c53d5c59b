/** Images and their classes: a vision transformer learns from labels and from a masked teacher. */
import { Batches } from "../../data/batches";
import type { Dataset } from "../../data/dataset";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { type Graph, Live } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import type { Base } from "../../methods/classification/base";
import { asksGuide, type Criterion, highestOf, type KeepChoice, maskedPatches } from "../../methods/classification/maskedkd";
import { configMacs } from "../../metrics/cost";
import { Params } from "../../models/params";
import { initViT, patches, type ViTConfig } from "../../models/vit/config";
import type { Weights } from "../../models/weights";
import { SettingError, type Settings } from "../../settings/experiment";
import type { OptimizerOptions } from "../../train/optimizer";
import type { Cost, Knobs, Progress, Reference, Report, Scores, Subject, Task, TeacherTime } from "../task";
import { fitted, suited } from "./fitted";
import type { Network } from "./network";
import { Probe, type ProbeOptions, type Views } from "./snapshot";
import { type Augmentation, type Batch, type Model, traceLosses } from "./step";
import { TeacherClock } from "./teacherClock";

export interface ClassificationOptions {
  dataset: Dataset;
  /** Without one, the student learns from the labels alone. */
  teacher?: Network;
  /** Whose attention the criteria "guide" and "guide-late-random" read; needs no head. */
  guide?: Network;
}

export function classification(options: ClassificationOptions): Subject<Classification> {
  const { dataset, teacher, guide } = options;
  return {
    dataset: { id: dataset.id, name: dataset.name },
    teacher: teacher && { id: teacher.id, name: teacher.name },
    guide: guide && { id: guide.id, name: guide.name },
    task: (engine, settings, knobs) => new Classification(engine, options, settings, knobs),
  };
}

const EVALUATION_BATCH = 100;

export class Classification implements Task<Views> {
  readonly optimizer: OptimizerOptions = { kind: "adamw" };
  private readonly student: Model;
  private readonly teacher?: Model;
  private scout?: Model & { reference: Reference };
  /** How many of the kept patches are those of highest score, where late randomness chooses. */
  private readonly highest = new Live(0);
  private readonly batches: Batches;
  private readonly buffers: Batch;
  private labels = new Uint32Array();
  private watch?: Probe;
  private clock?: TeacherClock;
  private version = 0;

  /** Throws an EngineError when teacher and data, or settings and model, do not fit. */
  constructor(
    private readonly engine: Engine,
    private readonly options: ClassificationOptions,
    private readonly settings: Settings,
    private readonly knobs: Knobs,
  ) {
    const { dataset } = options;
    if (options.guide) this.offerGuide(options.guide);
    this.check(settings);
    const teacher = options.teacher && fitted(options.teacher, dataset);
    const config = studentConfig(settings, dataset, teacher?.config);
    this.student = { params: new Params(engine, initViT(config, settings.seed)), config };
    this.batches = new Batches(dataset, settings.batch, settings.seed);
    const images = engine.takeBuffer(4 * settings.batch * dataset.channels * dataset.side ** 2);
    this.buffers = { size: settings.batch, images, labels: engine.takeBuffer(4 * settings.batch) };
    if (teacher) this.teacher = { params: new Params(engine, teacher.weights), config: teacher.config };
  }

  check({ criterion }: Settings): void {
    if (this.options.teacher && !this.scout && asksGuide(criterion as Criterion))
      throw new SettingError(
        `criterion cannot be "${criterion}": no guide is loaded.`,
        "Load one first (guide=FILE), or choose by another.",
      );
  }

  /** Takes a network as the guide. A run that asks the one it has keeps it. */
  offerGuide(guide: Network): void {
    if (this.guide) return;
    this.scout?.params.destroy();
    const { weights, config } = suited(guide, this.options.dataset);
    this.scout = { params: new Params(this.engine, weights), config, reference: { id: guide.id, name: guide.name } };
  }

  /** The guide, while it is asked. */
  get guide(): Reference | undefined {
    return asksGuide(this.settings.criterion as Criterion) ? this.scout?.reference : undefined;
  }

  get params(): Params {
    return this.student.params;
  }

  get batch(): number {
    return this.settings.batch;
  }

  get config(): ViTConfig {
    return this.student.config;
  }

  weights(): Promise<Weights> {
    return this.student.params.read();
  }

  /** Number of patches k shown now, to whoever is masked. */
  get kept(): number {
    const count = this.count;
    return Math.min(count, Math.max(1, Math.round(this.settings.keep * count)));
  }

  private get count(): number {
    const { student, teacher = student, settings } = this;
    return maskedPatches({ student, teacher }, { masked: settings.masked as "teacher" });
  }

  trace(graph: Graph) {
    const { teacher, knobs, student } = this;
    const base = this.settings.base as Base | "logit";
    return traceLosses(graph, {
      ...{ student, batch: this.buffers, smoothing: knobs.smoothing },
      augment: this.augmentation(),
      lesson: teacher && {
        ...{ teacher, keep: this.keep(), temperature: knobs.temperature, weight: knobs.lambda },
        base: base === "logit" ? undefined : { kind: base, weight: knobs.beta },
      },
    });
  }

  private augmentation(): Augmentation | undefined {
    const { augment, seed } = this.settings;
    if (augment === "none") return undefined;
    const { step, crop, magnitude, mixup, cutmix } = this.knobs;
    return {
      seed,
      step,
      crop,
      heavy: augment === "heavy" ? { magnitude, mixup, cutmix, moments: this.options.dataset.moments } : undefined,
    };
  }

  load(step: number): void {
    this.highest.value = highestOf(this.kept, step, this.settings.steps);
    const { images, labels } = this.batches.train.take(step);
    const { queue } = this.engine.device;
    queue.writeBuffer(this.buffers.images, 0, images as BufferSource);
    queue.writeBuffer(this.buffers.labels, 0, labels as BufferSource);
    this.labels = labels as Uint32Array<ArrayBuffer>;
  }

  ahead(step: number): void {
    this.batches.train.prepare(step);
  }

  report(out: Fetched): Report {
    const classes = out.logits.length / this.labels.length;
    // Of an image mixed from two, the label of larger share counts.
    const labels = out.targets ? top(out.targets, classes) : this.labels;
    const share = (a: number[], b: ArrayLike<number>) => a.filter((v, i) => v === b[i]).length / a.length;
    const student = top(out.logits, classes);
    if (!out.teacherLogits) return { losses: { ce: out.ce[0] }, rates: { student: share(student, labels) } };
    const teacher = top(out.teacherLogits, classes);
    return {
      losses: { ce: out.ce[0], kd: out.kd[0], ...(out.base && { [this.settings.base]: out.base[0] }) },
      rates: { student: share(student, labels), teacher: share(teacher, labels), agreement: share(student, teacher) },
      kept: out.kept as Uint32Array | undefined,
    };
  }

  /** `top1`: share of held-out images the student classifies right. */
  async evaluate(limit: number, progress?: Progress): Promise<Scores> {
    const { student, batches } = this;
    return { top1: await accuracy(this.engine, { student }, ({ logits }) => logits, batches, limit, progress) };
  }

  /** Share of held-out images the teacher, which sees what it sees now, classifies right; undefined without a teacher. */
  async evaluateTeacher(limit = Number.POSITIVE_INFINITY, progress?: Progress): Promise<number | undefined> {
    const { student, teacher, batches } = this;
    if (!teacher) return undefined;
    const answers = ({ teacherLogits }: Views) => teacherLogits as Float32Array;
    return accuracy(this.engine, { student, teacher, keep: this.keep() }, answers, batches, limit, progress);
  }

  /** What the student's masks look like on the given held-out images. */
  async look(indices: number[]): Promise<Views> {
    const probe = await this.watching(indices.length);
    return probe.run(this.batches.load(this.options.dataset.test, indices).images);
  }

  /** The same for a student of the same seed that has learnt nothing. */
  async lookUntrained(indices: number[]): Promise<Views> {
    const { config } = this.student;
    const params = new Params(this.engine, initViT(config, this.settings.seed));
    const student = { params, config };
    const probe = await Probe.compile(this.engine, { student, teacher: this.teacher, batch: indices.length, keep: this.keep() });
    try {
      return await probe.run(this.batches.load(this.options.dataset.test, indices).images);
    } finally {
      probe.destroy();
      params.destroy();
    }
  }

  /** The recorded look at `batch` images, kept until a setting changes what is recorded: pictures are refreshed all the time. */
  private async watching(batch: number): Promise<Probe> {
    while (this.watch?.batch !== batch) {
      this.watch?.destroy();
      this.watch = undefined;
      const { version, student, teacher } = this;
      const probe = await Probe.compile(this.engine, { student, teacher, batch, keep: this.keep() });
      if (version === this.version) this.watch = probe;
      else probe.destroy();
    }
    return this.watch;
  }

  forget(): void {
    this.version++;
    this.watch?.destroy();
    this.watch = undefined;
  }

  /** The teacher's cost now; undefined without a teacher. */
  cost(): Cost | undefined {
    if (!this.teacher) return undefined;
    const { config } = this.teacher;
    const { kept, count } = this;
    const seen = this.settings.masked === "student" ? patches(config) : kept;
    return {
      kept,
      patches: count,
      macs: configMacs(config, seen).total,
      fullMacs: configMacs(config).total,
      bufferBytes: this.engine.allocatedBytes,
    };
  }

  /** Times the teacher beside the run; undefined without a teacher. A teacher that chooses for itself is asked in full besides. */
  async teacherTime(): Promise<TeacherTime | undefined> {
    if (!this.teacher) return undefined;
    const all = patches(this.teacher.config);
    const { masked, criterion } = this.settings;
    this.clock ??= new TeacherClock(this.engine, this.teacher, this.batch);
    const seen = masked === "student" ? all : this.kept;
    const [ms, fullMs] = await this.clock.measure([seen, all]);
    const [bytes, fullBytes] = [this.clock.bytes(seen), this.clock.bytes(all)];
    return { ms: criterion === "teacher" && this.kept < this.count ? ms + fullMs : ms, fullMs, bytes, fullBytes };
  }

  destroy(): void {
    this.forget();
    this.clock?.destroy();
    for (const buffer of [this.buffers.images, this.buffers.labels]) this.engine.giveBuffer(buffer);
    this.student.params.destroy();
    this.teacher?.params.destroy();
    this.scout?.params.destroy();
  }

  private keep(): KeepChoice {
    const { criterion, queries, reading, block, masked, seed } = this.settings;
    this.highest.value = highestOf(this.kept, this.knobs.step.value, this.settings.steps);
    return {
      ...{ k: this.kept, block, guide: this.scout, highest: this.highest, random: { seed, step: this.knobs.step } },
      ...{ criterion: criterion as Criterion, queries: queries as "cls", reading: reading as "code", masked: masked as "teacher" },
    };
  }
}

/** The student the settings ask for; it cuts images into the teacher's patches, or into 8 x 8 of them. */
function studentConfig(settings: Settings, dataset: Dataset, teacher?: ViTConfig): ViTConfig {
  const { width, depth, heads } = settings;
  if (width % heads !== 0) throw new EngineError(`A width of ${width} cannot be shared by ${heads} heads.`, "Make it a multiple.");
  return {
    ...{
      image: dataset.side,
      patch: teacher && dataset.side % teacher.patch === 0 ? teacher.patch : Math.ceil(dataset.side / 8),
      channels: dataset.channels,
      classes: dataset.classes.length,
    },
    ...{ width, depth, heads, headDim: width / heads, mlp: 4 * width },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  };
}

/** Share of held-out images, all or the first `limit`, that the logits `answers` picks out of what is seen classify right. */
async function accuracy(
  engine: Engine,
  seen: Omit<ProbeOptions, "batch">,
  answers: (views: Views) => Float32Array,
  batches: Batches,
  limit: number,
  progress?: Progress,
): Promise<number> {
  const { test, classes } = batches.dataset;
  const count = Math.min(limit, test.count);
  const batch = Math.min(EVALUATION_BATCH, count);
  const probe = await Probe.compile(engine, { ...seen, batch });
  let right = 0;
  try {
    for (let from = 0; from < count; from += batch) {
      const indices = Array.from({ length: batch }, (_, i) => Math.min(from + i, count - 1));
      const { images, labels } = batches.load(test, indices);
      const found = top(answers(await probe.run(images)), classes.length).slice(0, count - from);
      right += found.filter((c, i) => c === labels[i]).length;
      progress?.(Math.min(1, (from + batch) / count));
    }
  } finally {
    probe.destroy();
  }
  return right / count;
}

/** Share of held-out images that a trained network classifies right. Rejects when it is for other images or classes. */
export async function measure(engine: Engine, network: Network, dataset: Dataset, progress?: Progress): Promise<number> {
  const { weights, config } = fitted(network, dataset);
  const student = { params: new Params(engine, weights), config };
  try {
    return await accuracy(engine, { student }, ({ logits }) => logits, new Batches(dataset, 1, 0), dataset.test.count, progress);
  } finally {
    student.params.destroy();
  }
}

/** Index of the largest of each row of `classes` numbers; the first of equals. */
function top(logits: ArrayLike<number>, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[row * classes + c] > logits[row * classes + best]) best = c;
    return best;
  });
}
