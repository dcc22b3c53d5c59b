/** Images without labels: a vision transformer learns from its own running mean, which sees some patches. */
import { Batches } from "../../data/batches";
import type { Dataset } from "../../data/dataset";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { type Graph, Live } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import { SELF_METHODS } from "../../methods/dino";
import { decayAt, momentumAt } from "../../methods/dino/dino";
import type { SelfMethod } from "../../methods/dino/method";
import { highestOf } from "../../methods/masking";
import type { KeepChoice } from "../../methods/vitMasking";
import { packBits } from "../../metrics/bits";
import { mean } from "../../metrics/verdicts";
import type { Grid } from "../../models/model";
import { Params } from "../../models/params";
import { LAST_LAYER, type ProjectionConfig } from "../../models/projection";
import { gridOf, type ViTConfig } from "../../models/vit/config";
import type { Weights } from "../../models/weights";
import type { Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";
import { Recorded } from "../recorded";
import type {
  Cost,
  HandedOver,
  LiveValues,
  OptimizerOptions,
  Progress,
  Report,
  Scores,
  Sources,
  Task,
  TeacherTime,
  TraceOptions,
} from "../task";
import { TeacherClock } from "../teacherClock";
import { giveImages, type ImageBuffers, takeImages } from "../uploaded";
import type { Network } from "../vitNetwork";
import { asked, costOf } from "./cost";
import type { CropSettings } from "./crops";
import { classTokens, told } from "./evaluate";
import { handedOver } from "./handover";
import { configsOf, decays, initStudent, initTeacher, vitOf } from "./pair";
import type { DinoSettings } from "./settings";
import { type Outputs, Snapshot } from "./snapshot";
import { type Model, traceViews } from "./step";

/** Norm at which the gradient of each parameter is clipped. */
const LIMIT = 3;

export class SelfDistillation implements Task<Outputs> {
  readonly optimizer: Omit<OptimizerOptions, "kind">;
  readonly student: Model;
  readonly teacher: Model;
  lastRight?: Uint8Array;
  private readonly head: ProjectionConfig;
  private readonly method: SelfMethod;
  /** 1 while the last layer waits. */
  private readonly hold = new Live(1);
  /** Share of itself that the teacher keeps at the coming step. */
  private readonly momentum = new Live(1);
  /** How many of the kept patches are those of highest score, where late randomness chooses. */
  private readonly highest = new Live(0);
  private readonly batches: Batches;
  private readonly images: ImageBuffers;
  private readonly settings: DinoSettings;
  private readonly recorded = new Recorded<Snapshot>();
  private clock?: TeacherClock;

  /** Throws an EngineError when settings do not go together, or a teacher is brought along. */
  constructor(
    private readonly engine: Engine,
    private readonly sources: Sources<Dataset, Network>,
    settings: Settings,
    private readonly live: LiveValues,
  ) {
    this.settings = settings as DinoSettings;
    const { dataset, teacher } = sources;
    if (teacher) throw new EngineError(`${settings.preset} takes no teacher: a run makes its own.`, "Leave the teacher out.");
    const { vit, head } = configsOf(this.settings, dataset);
    const weights = initStudent(vit, head, settings.seed);
    this.head = head;
    this.method = SELF_METHODS[settings.preset as keyof typeof SELF_METHODS] as SelfMethod;
    this.student = { params: new Params(engine, weights), config: vit };
    this.teacher = { params: new Params(engine, initTeacher(weights)), config: vit };
    this.optimizer = { clip: "each", limit: LIMIT, decays, waits: { which: (name) => name === LAST_LAYER, hold: this.hold } };
    this.batches = new Batches(dataset, settings.batch, settings.seed);
    this.images = takeImages(engine, [settings.batch, dataset.channels, dataset.side, dataset.side], this.batches.values);
  }

  get params(): Params {
    return this.student.params;
  }

  /** The teacher and the centre, which follow the student. */
  get carried(): Params {
    return this.teacher.params;
  }

  get batch(): number {
    return this.settings.batch;
  }

  /** Of the ViT of either. */
  get config(): ViTConfig {
    return this.teacher.config;
  }

  /** The teacher's ViT: the better one of the two, and what DINO hands out. */
  async weights(): Promise<Weights> {
    return vitOf(await this.teacher.params.read(), this.config);
  }

  /** Rows and columns of the patches of a global crop. */
  get grid(): Grid {
    return gridOf(this.config);
  }

  private get count(): number {
    const [rows, columns] = this.grid;
    return rows * columns;
  }

  /** Number of patches of a crop that the teacher sees now. */
  get kept(): number {
    return Math.min(this.count, Math.max(1, Math.round(this.settings.keep * this.count)));
  }

  decayAt(step: number): number {
    const { decay, decayEnd, steps } = this.settings;
    return decayAt(decay, decayEnd, step, steps);
  }

  trace(graph: Graph, { whole }: TraceOptions = {}) {
    const { student, teacher, method, momentum, live, batch: size, images } = this;
    const knobs = Object.fromEntries(Object.keys(method.knobs).map((knob) => [knob, live[keyOf(method.name, knob)]]));
    const options = { student, teacher, method, knobs, momentum, batch: { size, ...images }, crops: this.crops(), keep: this.keep() };
    return traceViews(graph, { ...options, whole });
  }

  private crops(): CropSettings {
    const { seed, crops: count, localSide: side } = this.settings;
    const { step, crop: share, jitter, grey } = this.live;
    return { seed, step, share, count, side, colour: { jitter, grey, moments: this.sources.dataset.moments } };
  }

  private keep(): KeepChoice {
    const { criterion, queries, softmaxOver, block, seed, steps } = this.settings;
    this.highest.value = highestOf(this.kept, this.live.step.value, steps);
    return { k: this.kept, criterion, queries, softmaxOver, block, highest: this.highest, random: { seed, step: this.live.step } };
  }

  load(step: number): void {
    const { steps, frozen } = this.settings;
    this.highest.value = highestOf(this.kept, step, steps);
    this.hold.value = Number(step < Math.round(frozen * steps));
    this.momentum.value = momentumAt(this.live[keyOf(this.method.name, "momentum")].value, step, steps);
    this.engine.device.queue.writeBuffer(this.images.images, 0, this.batches.train.take(step).images as BufferSource);
  }

  ahead(step: number): void {
    this.batches.train.prepare(step);
  }

  /**
   * The loss, which the mean `entropy` of the teacher's answers bounds from below; and as shares of the entropy of an even answer:
   * `spread` of single answers, `use` of their mean. A teacher that always answers alike uses nothing; an even one spreads all.
   */
  report(out: Fetched): Report {
    const most = Math.log(this.head.outputs);
    const entropy = out.entropy[0];
    return {
      losses: { dino: out.loss[0], entropy },
      rates: { spread: entropy / most, use: entropyOf(out.answer as Float32Array) / most },
      kept: out.kept as Uint32Array | undefined,
    };
  }

  /** Of the teacher's features, on held-out images: the share that their nearest neighbours, and a linear classifier, name right. */
  async evaluate(limit: number, progress?: Progress): Promise<Scores> {
    const { dataset } = this.sources;
    const { knn, linear } = await told(this.engine, classTokens(this.teacher), dataset, limit, progress);
    if (limit >= dataset.test.count) this.lastRight = knn;
    return { knn_top1: mean(knn), linear_top1: mean(linear) };
  }

  /** Scores on all held-out images, and what the teacher costs; `whole` adds which images their neighbours name right. */
  async outcome({ whole = false } = {}): Promise<Record<string, unknown>> {
    const scores = await this.evaluate(Number.POSITIVE_INFINITY);
    const { kept, patches, macs, fullMacs, studentMacs } = this.cost();
    const time = await this.teacherTime();
    return {
      ...{ ...scores, kept, patches, teacher_macs: macs, teacher_macs_full: fullMacs, student_macs: studentMacs },
      ...{ teacher_ms: time.ms, teacher_ms_full: time.fullMs },
      ...(whole && this.lastRight && { right: packBits(this.lastRight) }),
    };
  }

  /** Attention, crops and kept patches of these held-out images. */
  async snapshot(indices: number[]): Promise<Outputs> {
    const { student, teacher } = this;
    const options = () => ({ student, teacher, batch: indices.length, crops: this.crops(), keep: this.keep() });
    const snapshot = await this.recorded.of(indices.length, () => Snapshot.compile(this.engine, options()));
    return snapshot.run(this.batches.load(this.sources.dataset.test, indices).images);
  }

  /** Its networks as they are now, for a project in PyTorch. */
  async handedOver(): Promise<HandedOver> {
    const { student, teacher, config, head, settings } = this;
    const networks = { student: await student.params.read(), teacher: await teacher.params.read() };
    return handedOver(networks, { vit: config, head }, settings.localSide, this.sources.dataset);
  }

  forget(): void {
    this.recorded.forget();
  }

  cost(): Cost {
    const { settings, config, head, kept, count } = this;
    return { ...costOf(settings, config, head, kept), kept, patches: count, bufferBytes: this.engine.usedBytes };
  }

  async teacherTime(): Promise<TeacherTime> {
    const { teacher, kept, batch } = this;
    this.clock ??= new TeacherClock(this.engine, asked(teacher, batch));
    return this.clock.compare(kept);
  }

  destroy(): void {
    this.forget();
    this.clock?.destroy();
    giveImages(this.engine, this.images);
    this.student.params.destroy();
    this.teacher.params.destroy();
  }
}

const entropyOf = (probabilities: Float32Array): number => -probabilities.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0);
