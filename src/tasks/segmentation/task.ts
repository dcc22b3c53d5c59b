/** Images and the class of each of their pixels: a Segmenter learns from masks and from a teacher that sees some patches. */
import { SegmentationBatches } from "../../data/batches.segmentation";
import { type SegmentationSet, type SegmentationSplit, unlabelled } from "../../data/segmentation";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { type Graph, Live } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import { highestOf } from "../../methods/masking";
import { SEGMENTATION_METHODS } from "../../methods/segmentation";
import type { SegmentationMethod } from "../../methods/segmentation/method";
import { segmenterMacs } from "../../metrics/cost.segmenter";
import type { MiouScores } from "../../metrics/miou";
import type { Grid } from "../../models/model";
import { Params } from "../../models/params";
import { initSegmenter, type SegmenterConfig } from "../../models/segmenter/config";
import { segmenter, segmenterEncoder } from "../../models/segmenter/segmenter";
import { gridOf } from "../../models/vit/config";
import type { Weights } from "../../models/weights";
import type { Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";
import { Recorded } from "../recorded";
import type { Cost, HandedOver, LiveValues, Progress, Report, Scores, Sources, Task, TeacherTime, TraceOptions } from "../task";
import { type Asked, TeacherClock } from "../teacherClock";
import { scored } from "./evaluate";
import { handedOver } from "./handover";
import { assertSamePatches, assertTakes, type SegmenterNetwork } from "./network";
import type { SegmentationSettings } from "./settings";
import { type Outputs, Snapshot } from "./snapshot";
import { type Batch, type Distillation, type Model, traceLosses } from "./step";

export class Segmentation implements Task<Outputs> {
  readonly optimizer = { decays };
  readonly student: Model;
  readonly teacher?: Model;
  readonly method: SegmentationMethod;
  /** Of the student, as last measured on all held-out images. */
  lastScores?: MiouScores;
  private teacherScores?: MiouScores;
  /** How many of the kept patches are those of highest score, where late randomness chooses. */
  private readonly highest = new Live(0);
  private readonly batches: SegmentationBatches;
  private readonly buffers: Batch;
  private readonly settings: SegmentationSettings;
  private readonly recorded = new Recorded<Snapshot>();
  private readonly recordedOwn = new Recorded<Snapshot>();
  private clock?: TeacherClock;

  /** Throws an EngineError when teacher and data, or settings and model, do not fit. */
  constructor(
    private readonly engine: Engine,
    private readonly sources: Sources<SegmentationSet, SegmenterNetwork>,
    settings: Settings,
    private readonly live: LiveValues,
  ) {
    this.settings = settings as SegmentationSettings;
    const { dataset, teacher } = sources;
    const { seed, batch, augment, preset } = this.settings;
    const config = studentConfig(this.settings, dataset);
    if (teacher) {
      assertTakes(teacher, dataset);
      assertSamePatches(teacher, config);
    }
    this.method = SEGMENTATION_METHODS[preset as keyof typeof SEGMENTATION_METHODS] as SegmentationMethod;
    this.student = { params: new Params(engine, initSegmenter(config, seed)), config };
    if (teacher) this.teacher = { params: new Params(engine, teacher.weights), config: teacher.config };
    this.batches = new SegmentationBatches(dataset, batch, seed, augment !== "none");
    const pixels = 4 * batch * dataset.side ** 2;
    this.buffers = { size: batch, images: engine.takeBuffer(3 * pixels), labels: engine.takeBuffer(pixels) };
  }

  get params(): Params {
    return this.student.params;
  }

  get batch(): number {
    return this.settings.batch;
  }

  get config(): SegmenterConfig {
    return this.student.config;
  }

  weights(): Promise<Weights> {
    return this.params.read();
  }

  /** Rows and columns of patches of which some are kept. */
  get grid(): Grid {
    return gridOf((this.teacher ?? this.student).config.encoder);
  }

  private get count(): number {
    const [rows, columns] = this.grid;
    return rows * columns;
  }

  /** Number of patches the teacher sees now. */
  get kept(): number {
    const wanted = this.asksDecoder ? this.count : Math.round(this.settings.keep * this.count);
    return Math.min(this.count, Math.max(1, wanted));
  }

  private get asksDecoder(): boolean {
    return this.method.asksDecoder({ base: this.settings[keyOf(this.method.name, "base")] });
  }

  trace(graph: Graph, { whole }: TraceOptions = {}) {
    return traceLosses(graph, { student: this.student, batch: this.buffers, distillation: this.distillation(), whole });
  }

  private distillation(): Distillation | undefined {
    const { teacher, method, live, settings } = this;
    if (!teacher) return undefined;
    const { criterion, queries, softmaxOver, block, seed } = settings;
    this.highest.value = highestOf(this.kept, live.step.value, settings.steps);
    const keep = { k: this.kept, criterion, queries, softmaxOver, block, highest: this.highest, random: { seed, step: live.step } };
    const knobs = Object.entries(method.knobs).map(([knob, { kind }]) => {
      const key = keyOf(method.name, knob);
      return [knob, kind === "number" ? live[key] : String(settings[key])] as const;
    });
    return { teacher, keep, method, knobs: Object.fromEntries(knobs) };
  }

  load(step: number): void {
    this.highest.value = highestOf(this.kept, step, this.settings.steps);
    const { images, labels } = this.batches.train.take(step);
    const { queue } = this.engine.device;
    queue.writeBuffer(this.buffers.images, 0, images as BufferSource);
    queue.writeBuffer(this.buffers.labels, 0, labels as BufferSource);
  }

  ahead(step: number): void {
    this.batches.train.prepare(step);
  }

  report(out: Fetched): Report {
    const terms = ["ce", ...Object.keys(this.method.terms)].filter((name) => out[name]);
    return { losses: Object.fromEntries(terms.map((name) => [name, out[name][0]])), rates: {}, kept: out.kept as Uint32Array | undefined };
  }

  /** `miou`: mean intersection over union of the student; `accuracy`: share of pixels it names right. */
  async evaluate(limit: number, progress?: Progress): Promise<Scores> {
    const { dataset } = this.sources;
    const scores = await scored(this.engine, this.student, dataset, limit, progress);
    if (limit >= dataset.test.count) this.lastScores = scores;
    return { miou: scores.miou, accuracy: scores.pixelAccuracy };
  }

  /** The same of the teacher that sees every patch; it does not change, so it is evaluated once. Undefined without a teacher. */
  async teacherOnAll(): Promise<MiouScores | undefined> {
    if (this.teacher) this.teacherScores ??= await scored(this.engine, this.teacher, this.sources.dataset);
    return this.teacherScores;
  }

  /** Mean IoU of student and teacher on all held-out images, and what the teacher costs; `whole` adds IoU by class. */
  async outcome({ whole = false } = {}): Promise<Record<string, unknown>> {
    const scores = await this.evaluate(Number.POSITIVE_INFINITY);
    const teacher = await this.teacherOnAll();
    const cost = this.cost();
    const time = await this.teacherTime();
    return {
      ...{ ...scores, teacher_miou: teacher?.miou, kept: cost?.kept, patches: cost?.patches },
      ...{ teacher_macs: cost?.macs, teacher_macs_full: cost?.fullMacs, teacher_ms: time?.ms, teacher_ms_full: time?.fullMs },
      ...(whole && { iou: byClass(this.lastScores, this.sources.dataset.classes) }),
    };
  }

  /** Predictions of student and teacher on these held-out images. */
  async snapshot(indices: number[]): Promise<Outputs> {
    return this.look(this.recorded, this.sources.dataset.test, indices);
  }

  /** The same on another picture, u8 [side, side, 3]. */
  find(pixels: Uint8Array): Promise<Outputs> {
    return this.look(this.recordedOwn, unlabelled(pixels), [0]);
  }

  private async look(recorded: Recorded<Snapshot>, split: SegmentationSplit, indices: number[]): Promise<Outputs> {
    const options = () => ({ student: this.student, batch: indices.length, distillation: this.distillation() });
    const snapshot = await recorded.of(indices.length, () => Snapshot.compile(this.engine, options()));
    return snapshot.run(this.batches.load(split, indices).images);
  }

  /** Its networks as they are now, for a project in PyTorch. */
  async handedOver(): Promise<HandedOver> {
    const read = async ({ params, config }: Model) => ({ weights: await params.read(), config });
    return handedOver(await read(this.student), this.teacher && (await read(this.teacher)), this.sources.dataset);
  }

  forget(): void {
    this.recorded.forget();
    this.recordedOwn.forget();
  }

  /** The teacher's cost now: its encoder on what it sees, its decoder only where that is used; undefined without a teacher. */
  cost(): Cost | undefined {
    if (!this.teacher) return undefined;
    const { kept, count, asksDecoder } = this;
    const macs = (k: number) => segmenterMacs(this.teacher!.config, k);
    const of = (k: number) => (asksDecoder ? macs(k).total : macs(k).encoder);
    return { kept, patches: count, macs: of(kept), fullMacs: of(count), bufferBytes: this.engine.usedBytes };
  }

  async teacherTime(): Promise<TeacherTime | undefined> {
    const { teacher, kept, batch } = this;
    if (!teacher) return undefined;
    this.clock ??= new TeacherClock(this.engine, asked(teacher, batch, this.asksDecoder));
    return this.clock.compare(kept);
  }

  destroy(): void {
    this.forget();
    this.clock?.destroy();
    for (const buffer of [this.buffers.images, this.buffers.labels]) this.engine.giveBuffer(buffer);
    this.student.params.destroy();
    this.teacher?.params.destroy();
  }
}

/** Matrices decay; positions and tokens do not, those of the classes in the decoder neither. */
const decays = (name: string, shape: number[]): boolean => shape.length > 1 && !/\.(pos_embed|cls_token|cls_emb)$/.test(name);

/** How the time of a teacher is measured: of its encoder, or of all of it where its decoder is used. */
function asked({ params, config }: Model, batch: number, decoder: boolean): Asked {
  const { channels, image, depth } = config.encoder;
  const [rows, columns] = gridOf(config.encoder);
  const forward: Asked["forward"] = (images, kept) => {
    const bound = params.on(images.graph, false);
    if (decoder) return segmenter(bound, config, images).logits;
    return segmenterEncoder(bound, config, images, { kept, allTokens: true }).blocks[depth - 1];
  };
  return { batch, shape: [channels, image, image], patches: rows * columns, forward };
}

function byClass(scores: MiouScores | undefined, classes: readonly string[]): Record<string, number> {
  const known = (scores?.perClass ?? []).map((iou, i) => [classes[i], iou] as const);
  return Object.fromEntries(known.filter(([, iou]) => Number.isFinite(iou)));
}

/** The student of the settings; its decoder is as wide as its encoder. */
function studentConfig({ width, depth, heads, patch, decoder }: SegmentationSettings, { side, classes }: SegmentationSet): SegmenterConfig {
  if (width % heads !== 0) throw new EngineError(`A width of ${width} cannot be shared by ${heads} heads.`, "Make it a multiple.");
  const shared = { width, heads, mlp: 4 * width };
  const plain = { image: side, patch, channels: 3, classes: 0, activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 } as const;
  return {
    encoder: { ...plain, ...shared, depth, headDim: width / heads },
    classes: classes.length,
    decoder: decoder === "mask" ? { kind: decoder, ...shared, depth: 2 } : { kind: decoder },
  };
}
