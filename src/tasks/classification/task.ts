/** Images and their classes: a vision transformer learns from labels and from a masked teacher. */
import { Batches } from "../../data/batches";
import type { Pictures } from "../../data/dataset";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { type Graph, Live } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import { BASE_LOSSES } from "../../methods/classification";
import { assertSameHeads } from "../../methods/classification/attention";
import type { ClassificationMethod } from "../../methods/classification/method";
import { asksGuide, highestOf, isByChance } from "../../methods/masking";
import { type KeepChoice, maskedGrid } from "../../methods/vitMasking";
import { packBits } from "../../metrics/bits";
import { knownMacs } from "../../metrics/cost";
import type { Grid } from "../../models/model";
import { Params } from "../../models/params";
import { imageShape, initViT, isOfHead, type ViTConfig } from "../../models/vit/config";
import { headsOf } from "../../models/vit/families";
import type { Weights } from "../../models/weights";
import type { Settings } from "../../settings/run";
import { SettingError } from "../../settings/schema";
import { keyOf } from "../../settings/setting";
import { Recorded } from "../recorded";
import { suited } from "../suited";
import type { Cost, HandedOver, LiveValues, Progress, Reference, Report, Scores, Sources, Task, TeacherTime, TraceOptions } from "../task";
import { giveImages, takeImages } from "../uploaded";
import type { Network } from "../vitNetwork";
import { type Answers, answersTo, areAnswers, assertAllowed, assertAnswersFit, rightAnswers, type Teacher } from "./answers";
import { beginning, gainsToken } from "./beginning";
import { comparesTokens } from "./conflicts";
import { costOf, type Priced, studentMacs, TeacherTimer } from "./cost";
import { judged, ObjectsSeen, scoresOf, top } from "./evaluate";
import { fitted } from "./fitted";
import { handedOver } from "./handover";
import { type Cut, IMAGES, type Kind } from "./kind";
import { canBeKnown, Known } from "./known";
import type { ClassificationSettings } from "./settings";
import { type Outputs, Snapshot, type SnapshotOptions } from "./snapshot";
import { type Batch, type MethodInUse, type Model, traceLosses } from "./step";

/** The last line of a run has the median of so many measurements of time. */
const FINAL_TIMES = 9;

/** A batch that was loaded. */
interface Loaded {
  labels: Uint32Array;
  /** Which images they are. */
  indices: ArrayLike<number>;
  /** Where what the step finds is kept. */
  keeps?: Known;
  /** The patches that were kept, where that is known already. */
  kept?: Uint32Array;
}

/** Outputs of a step that are the same in every epoch, where anything is. */
const LASTING = ["kept", "teacherLogits", "read0", "read1"];

export class Classification implements Task<Outputs> {
  readonly optimizer: Task["optimizer"];
  lastRight?: Uint8Array;
  private readonly student: Model;
  /** The weights the student begins with. */
  private readonly fresh: () => Weights;
  private readonly teacher?: Model;
  /** In place of a teacher, what one answered once, and where a batch's answers lie on the GPU. */
  private readonly saved?: { answers: Answers; buffer: GPUBuffer };
  /** What is known of images, and where a batch's share of it lies on the GPU: what the student's heads read, and a teacher's answers. */
  private known?: Known;
  private readonly knownOnGPU?: { read: GPUBuffer[]; answers?: GPUBuffer };
  private guideModel?: Model & { reference: Reference };
  /** How many of the kept patches are those of highest score, where late randomness chooses. */
  private readonly highest = new Live(0);
  private readonly batches: Batches;
  private readonly buffers: Batch;
  private readonly settings: ClassificationSettings;
  private readonly recorded = new Recorded<Snapshot>();
  private readonly timer: TeacherTimer;

  /** Throws an EngineError when teacher and data, or settings and model, do not fit. */
  constructor(
    private readonly engine: Engine,
    private readonly sources: Omit<Sources<Pictures, Network>, "teacher"> & { teacher?: Teacher },
    settings: Settings,
    private readonly live: LiveValues,
    private readonly kind: Kind = IMAGES,
  ) {
    this.settings = settings as ClassificationSettings;
    const { dataset } = sources;
    this.optimizer = this.frozen ? { decays: (name, shape) => isOfHead(name) && shape.length > 1 } : {};
    this.timer = new TeacherTimer(engine, settings.batch);
    if (sources.guide) this.offerGuide(sources.guide as Network);
    this.check(this.settings);
    const { network } = this;
    const teacher = network && fitted(network, dataset);
    const start = sources.start && beginning(sources.start, dataset, settings.seed, gainsToken(sources.start, settings));
    const config = start?.config ?? studentConfig(this.settings, dataset, kind.cut(this.settings, dataset, teacher?.config));
    this.fresh = () => start?.weights ?? initViT(config, settings.seed);
    this.student = { params: new Params(engine, this.fresh()), config };
    this.batches = new Batches(dataset, settings.batch, settings.seed);
    const images = takeImages(engine, [settings.batch, ...imageShape(config)], this.batches.values);
    this.buffers = { size: settings.batch, ...images, labels: engine.takeBuffer(4 * settings.batch) };
    if (sources.teacher && areAnswers(sources.teacher)) this.saved = this.taken(sources.teacher);
    if (teacher) this.teacher = { params: new Params(engine, teacher.weights), config: teacher.config };
    if (this.frozen) this.knownOnGPU = this.placeForKnown();
  }

  private placeForKnown() {
    const { engine, teacher, saved, config, batch } = this;
    const take = (width: number) => engine.takeBuffer(4 * batch * width);
    const answers = saved?.buffer ?? (teacher && take(teacher.config.classes));
    return { read: Array.from({ length: headsOf(config) }, () => take(config.width)), answers };
  }

  check(settings: Settings): void {
    const { criterion, base, heads, frozen, tome = 0 } = settings as ClassificationSettings;
    const { network } = this;
    if (this.sources.teacher && !network) assertAllowed(settings as ClassificationSettings);
    if (network && base === "attention" && settings[keyOf(base, "heads")] === "per-head") assertSameHeads(heads, network.config.heads);
    if (tome > 0 && network?.config.family === "cait")
      throw new SettingError(`tome cannot be ${tome}: merging tokens is not defined for a CaiT.`, "Use tome=0, or another teacher.");
    if (network && tome > 0 && comparesTokens({ base }))
      throw new SettingError(`tome cannot be ${tome}: the base loss "${base}" compares tokens one by one.`, "Use base=logit or hard.");
    if (network && frozen === "on" && comparesTokens({ base }))
      throw new SettingError(`base cannot be "${base}": it teaches features, which are frozen.`, "Use base=logit or hard.");
    if (network && !this.guideModel && asksGuide(criterion))
      throw new SettingError(
        `criterion cannot be "${criterion}": no guide is loaded.`,
        "Load one first (guide=FILE), or choose by another.",
      );
  }

  /** The teacher, where it is a network. */
  private get network(): Network | undefined {
    const { teacher } = this.sources;
    return teacher && !areAnswers(teacher) ? teacher : undefined;
  }

  private taken(answers: Answers) {
    assertAnswersFit(answers, this.sources.dataset);
    return { answers, buffer: this.engine.takeBuffer(4 * this.settings.batch * answers.classes.length) };
  }

  /** Takes a network as the guide. A run that has a guide keeps it. */
  offerGuide(guide: Network): void {
    if (this.guide) return;
    this.dropGuide();
    const { weights, config } = suited(guide, this.sources.dataset);
    this.guideModel = { params: new Params(this.engine, weights), config, reference: { id: guide.id, name: guide.name } };
  }

  private dropGuide(): void {
    if (!this.guideModel) return;
    this.timer.forget(this.guideModel);
    this.guideModel.params.destroy();
  }

  /** The guide, while the criterion uses it. */
  get guide(): Reference | undefined {
    return asksGuide(this.settings.criterion) ? this.guideModel?.reference : undefined;
  }

  /** Whether only the student's head learns. */
  private get frozen(): boolean {
    return this.settings.frozen === "on";
  }

  /** Whether what is frozen makes the same of an image in every epoch, and that can be kept. */
  private get repeats(): boolean {
    const { settings, teacher, config, kept } = this;
    if (!this.frozen || settings.dropPath > 0 || this.augmentation() || (teacher && isByChance(settings.criterion))) return false;
    return canBeKnown(this.sources.dataset.train.count, headsOf(config) * config.width + config.classes + kept);
  }

  get knowsAll(): boolean {
    return this.known?.complete === true;
  }

  private augmentation() {
    return this.kind.augmentation(this.settings, this.live, this.sources.dataset);
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

  /** Rows and columns of patches of which some are kept: those of the network that is masked. */
  get grid(): Grid {
    const { student, teacher = student, settings } = this;
    return maskedGrid({ student, teacher }, settings);
  }

  /** Number of patches k that the masked network is shown now. */
  get kept(): number {
    const count = this.count;
    return Math.min(count, Math.max(1, Math.round(this.settings.keep * count)));
  }

  private get count(): number {
    const [rows, columns] = this.grid;
    return rows * columns;
  }

  trace(graph: Graph, { whole, known }: TraceOptions = {}) {
    const { teacher, live, student } = this;
    const methods = () => this.methods().map((method) => this.inUse(method));
    const answers = known ? this.knownOnGPU?.answers : this.saved?.buffer;
    const masked = teacher && { teacher, keep: this.keep(), methods: methods() };
    const distillation = answers ? { answers, methods: methods() } : masked;
    const batch = this.buffers;
    const { smoothing, labels: labelWeight } = live;
    const { dropPath: rate, seed } = this.settings;
    const dropPath = rate > 0 ? { rate: live.dropPath, seed, step: live.step } : undefined;
    const recompute = this.settings.recompute === "on";
    const augment = this.augmentation();
    const read = known ? this.knownOnGPU?.read : undefined;
    const learning = { student, frozen: this.frozen, read, tellsRead: this.repeats && !known, dropPath, recompute };
    return traceLosses(graph, { ...learning, batch, smoothing, labelWeight, augment, distillation, whole });
  }

  /** Soft labels, and the base loss where one is chosen, beside or instead of them. */
  private methods(): ClassificationMethod[] {
    const { preset, base } = this.settings;
    const method = this.kind.methods[preset];
    if (base === "logit") return [method];
    const further: ClassificationMethod = BASE_LOSSES[base] as ClassificationMethod;
    return further.replacesSoftLabels ? [further] : [method, further];
  }

  private inUse(method: ClassificationMethod): MethodInUse {
    const values = Object.entries(method.knobs).map(([knob, { kind }]) => {
      const key = keyOf(method.name, knob);
      return [knob, kind === "number" ? this.live[key] : String(this.settings[key])] as const;
    });
    return { method, knobs: Object.fromEntries(values) };
  }

  load(step: number, known = false): Loaded {
    this.highest.value = highestOf(this.kept, step, this.settings.steps);
    const loaded = known ? this.loadKnown(step) : this.loadImages(step);
    this.write(this.buffers.labels, loaded.labels);
    return loaded;
  }

  private loadImages(step: number): Loaded {
    const { saved, sources, repeats } = this;
    const { images, labels, indices } = this.batches.train.take(step);
    if (saved) this.write(saved.buffer, answersTo(saved.answers, indices));
    this.write(this.buffers.images, images);
    if (repeats) this.known ??= new Known(sources.dataset.train.count);
    this.known?.ask(indices);
    return { labels, indices, keeps: this.known };
  }

  /** Of the images nothing is looked at but what is known of them. */
  private loadKnown(step: number): Loaded {
    const { labels, indices } = this.batches.named(step);
    const rows = (name: string) => this.known?.rows(name, indices);
    const { read = [], answers } = this.knownOnGPU ?? {};
    for (const [i, buffer] of read.entries()) this.write(buffer, rows(`read${i}`));
    if (answers) this.write(answers, rows("teacherLogits"));
    return { labels, indices, kept: rows("kept") as Uint32Array | undefined };
  }

  private write(buffer: GPUBuffer, values: Float32Array | Uint32Array | Uint8Array | undefined): void {
    if (values) this.engine.device.queue.writeBuffer(buffer, 0, values as BufferSource);
  }

  ahead(step: number): void {
    if (!this.knowsAll) this.batches.train.prepare(step);
  }

  report(out: Fetched, { indices, keeps, ...loaded }: Loaded): Report {
    keeps?.keep(indices, Object.fromEntries(Object.entries(out).filter(([name]) => LASTING.includes(name))));
    const classes = out.logits.length / indices.length;
    // Of an image mixed from two, the label of larger share counts.
    const labels = out.targets ? top(out.targets, classes) : loaded.labels;
    const share = (a: number[], b: ArrayLike<number>) => a.filter((v, i) => v === b[i]).length / a.length;
    const student = top(out.logits, classes);
    const own = { losses: { ce: out.ce[0] }, rates: { student: share(student, labels) } };
    if (!out.teacherLogits) return own;
    const teacher = top(out.teacherLogits, classes);
    const terms = this.methods().flatMap(({ terms }) => Object.keys(terms));
    return {
      losses: { ...own.losses, ...Object.fromEntries(terms.map((name) => [name, out[name][0]])) },
      rates: { ...own.rates, teacher: share(teacher, labels), agreement: share(student, teacher) },
      kept: loaded.kept ?? (out.kept as Uint32Array | undefined),
    };
  }

  /** `top1`: share of held-out images the student classifies right; `top5`, of six classes or more: has among its five likeliest. */
  async evaluate(limit: number, progress?: Progress): Promise<Scores> {
    const { student, batches } = this;
    const right = await judged(this.engine, { student }, ({ logits }) => logits, batches, limit, progress);
    if (limit >= batches.dataset.test.count) this.lastRight = right.top1;
    return scoresOf(right);
  }

  /**
   * What becomes of held-out images under the mask of now. `teacher_top1`: share that the teacher, which sees what it sees, classifies
   * right. `object_seen`: mean share of an image's object that is shown, where the data know it. Empty without a teacher.
   */
  async masked(limit = Number.POSITIVE_INFINITY, progress?: Progress): Promise<Scores> {
    const { student, teacher, saved, batches, sources } = this;
    if (saved) return { teacher_top1: rightAnswers(saved.answers, sources.dataset, limit) };
    if (!teacher) return {};
    const seen = new ObjectsSeen(sources.dataset, this.grid);
    const answers = ({ teacherLogits, kept }: Outputs, images: number[]) => {
      if (kept) seen.add(images, kept);
      return teacherLogits as Float32Array;
    };
    const right = await judged(this.engine, { student, teacher, keep: this.keep() }, answers, batches, limit, progress);
    return { teacher_top1: scoresOf(right).top1, ...(seen.mean !== undefined && { object_seen: seen.mean }) };
  }

  /** Accuracy of student and teacher on all held-out images, and what both cost in the mean of all steps; `whole` adds which images the student names right. */
  async outcome({ whole = false, known = 0 } = {}): Promise<Record<string, unknown>> {
    const { top1, top5 } = await this.evaluate(Number.POSITIVE_INFINITY);
    const cost = this.cost();
    let time: TeacherTime | undefined;
    for (let i = 0; i < FINAL_TIMES; i++) time = await this.teacherTime();
    // Of the teacher nothing is computed where all is known.
    const mean = (amount: number | undefined, thenOn = 0) => amount && (1 - known) * amount + known * thenOn;
    return {
      ...{ student_top1: top1, student_top5: top5, ...(await this.masked()) },
      ...{ kept: cost?.kept, patches: cost?.patches, teacher_macs: mean(cost?.macs), teacher_macs_full: cost?.fullMacs },
      student_macs: mean(this.studentMacs, knownMacs(this.config)),
      ...{ teacher_ms: mean(time?.ms), teacher_ms_full: time?.fullMs, buffer_bytes: cost?.bufferBytes },
      ...(whole && this.lastRight && { right: packBits(this.lastRight) }),
    };
  }

  /** The student's masks on these images, held out unless another split is given. */
  async snapshot(indices: number[], split = this.sources.dataset.test): Promise<Outputs> {
    const snapshot = await this.recorded.of(indices.length, () => Snapshot.compile(this.engine, this.looked(indices.length)));
    return snapshot.run(this.batches.load(split, indices).images);
  }

  /** The same for the student as it began. */
  async untrainedSnapshot(indices: number[], split = this.sources.dataset.test): Promise<Outputs> {
    const { config } = this.student;
    const params = new Params(this.engine, this.fresh());
    const student = { params, config };
    const snapshot = await Snapshot.compile(this.engine, { ...this.looked(indices.length), student });
    try {
      return await snapshot.run(this.batches.load(split, indices).images);
    } finally {
      snapshot.destroy();
      params.destroy();
    }
  }

  /** What a picture of `batch` images shows. */
  private looked(batch: number): SnapshotOptions {
    return { student: this.student, teacher: this.teacher, batch, keep: this.keep(), scores: true };
  }

  /** Its networks as they are now, for a project in PyTorch. */
  async handedOver(): Promise<HandedOver> {
    if (this.saved)
      throw new EngineError(
        "A run that learns from saved answers is not handed over.",
        "Its teacher is in PyTorch already: answers.py asked it.",
      );
    const read = async ({ params, config }: Model) => ({ weights: await params.read(), config });
    const { student, teacher } = this;
    const guide = this.guide && this.guideModel;
    const networks = { student: await read(student), teacher: teacher && (await read(teacher)), guide: guide && (await read(guide)) };
    return handedOver(networks, this.sources.dataset, this.kind.projects);
  }

  forget(): void {
    this.recorded.forget();
    this.known = undefined;
  }

  /** The teacher's cost now, whoever it is that chooses; undefined without a teacher. */
  cost(): Cost | undefined {
    const priced = this.priced();
    return priced && { ...costOf(priced, this.engine.usedBytes), ...(this.repeats && { once: true }) };
  }

  private get studentMacs(): number {
    return studentMacs(this.priced() ?? { student: this.student, frozen: this.frozen });
  }

  /** Times, beside the run, what `cost` counts; undefined without a teacher. */
  async teacherTime(): Promise<TeacherTime | undefined> {
    const priced = this.priced();
    return priced && this.timer.measure(priced);
  }

  private priced(): Priced | undefined {
    const { student, teacher, guideModel: guide, kept, count, settings } = this;
    const { criterion, masked, tome: merge = 0 } = settings;
    return teacher && { student, teacher, guide, kept, count, criterion, masked, merge, frozen: this.frozen };
  }

  destroy(): void {
    this.forget();
    this.dropGuide();
    this.timer.destroy();
    giveImages(this.engine, this.buffers);
    this.engine.giveBuffer(this.buffers.labels);
    const { read = [], answers } = this.knownOnGPU ?? {};
    for (const buffer of new Set([...read, answers, this.saved?.buffer])) if (buffer) this.engine.giveBuffer(buffer);
    this.student.params.destroy();
    this.teacher?.params.destroy();
  }

  private keep(): KeepChoice {
    const { criterion, queries, softmaxOver, block, masked, tome: merge = 0, seed } = this.settings;
    this.highest.value = highestOf(this.kept, this.live.step.value, this.settings.steps);
    return {
      ...{ k: this.kept, block, guide: this.guideModel, highest: this.highest, random: { seed, step: this.live.step } },
      ...{ criterion, queries, softmaxOver, masked, merge },
    };
  }
}

/** Blocks of class attention in CaiT, of every size. */
const CLASS_DEPTH = 2;

/** The student of the settings. */
function studentConfig(settings: ClassificationSettings, dataset: Pictures, cut: Cut): ViTConfig {
  const { family, width, depth, heads } = settings;
  if (width % heads !== 0) throw new EngineError(`A width of ${width} cannot be shared by ${heads} heads.`, "Make it a multiple.");
  return {
    ...(family !== "deit" && { family }),
    ...(dataset.columns !== undefined && { columns: dataset.columns }),
    ...{ image: dataset.side, ...cut, channels: dataset.channels, classes: dataset.classes.length },
    ...(family === "cait" && { classDepth: CLASS_DEPTH }),
    ...{ width, depth, heads, headDim: width / heads, mlp: 4 * width },
    ...{ activation: family === "clip" ? "quick_gelu" : "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  };
}
