/** Images and the boxes on them: a YOLOS learns from ground truth and from the tokens of a teacher that sees some patches. */
import { DetectionBatches } from "../../data/batches.detection";
import { type DetectionSet, type DetectionSplit, unlabelled } from "../../data/detection";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { type Graph, Live } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import type { Detection } from "../../geometry/boxes";
import { highestOf } from "../../methods/masking";
import { YOLOS_METHODS } from "../../methods/yolos";
import type { YolosMethod } from "../../methods/yolos/method";
import { yolosMacs } from "../../metrics/cost.yolos";
import type { ErrorAnalysis } from "../../metrics/errors";
import type { Grid } from "../../models/model";
import { Params } from "../../models/params";
import { gridOf, initial, linearShapes } from "../../models/vit/config";
import { INIT_STREAM, type Weights } from "../../models/weights";
import { initYolos, type YolosConfig } from "../../models/yolos/config";
import { yolosTokens } from "../../models/yolos/yolos";
import type { Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";
import { answersBy, scoredBy } from "../detection/evaluate";
import { areasOf, scoresOf, tideCosts } from "../detection/outcome";
import { below, prefixed } from "../detection/step";
import { Recorded } from "../recorded";
import type {
  Beside,
  Cost,
  Errors,
  HandedOver,
  LiveValues,
  Progress,
  Report,
  Scores,
  Sources,
  Task,
  TeacherTime,
  TraceOptions,
} from "../task";
import { type Asked, TeacherClock, timeOf } from "../teacherClock";
import { beginning } from "./beginning";
import { errorsOf, recordingOf } from "./evaluate";
import { handedOver } from "./handover";
import { YolosInputs } from "./inputs";
import { assertSameTokens, assertTakes, type YolosNetwork } from "./network";
import type { YolosSettings } from "./settings";
import { type Outputs, Snapshot } from "./snapshot";
import { type Distillation, type Model, OWN_WEIGHTS, type Parts, traceLosses } from "./step";

/** Keeps the projection's draws apart from those of the student. */
const PROJECTION_STREAM = INIT_STREAM + 0x1000;

export class Yolos implements Task<Outputs> {
  /** As DETR's code limits it. */
  readonly optimizer = { decays, clip: "all", limit: 0.1 } as const;
  readonly student: Model;
  readonly teacher?: Model;
  readonly method: YolosMethod;
  private teacherScores?: Scores;
  /** How many of the kept patches are those of highest score, where late randomness chooses. */
  private readonly highest = new Live(0);
  private readonly batches: DetectionBatches;
  private readonly inputs: YolosInputs;
  private readonly settings: YolosSettings;
  private readonly recorded = new Recorded<Snapshot>();
  private readonly recordedOwn = new Recorded<Snapshot>();
  private clock?: TeacherClock;

  /** Throws an EngineError when teacher and data, or settings and model, do not fit. */
  constructor(
    private readonly engine: Engine,
    private readonly sources: Sources<DetectionSet, YolosNetwork>,
    settings: Settings,
    private readonly live: LiveValues,
  ) {
    this.settings = settings as YolosSettings;
    const { dataset, teacher, start } = sources;
    const { seed, batch, augment, preset } = this.settings;
    const config = studentConfig(this.settings, dataset);
    if (teacher) {
      assertTakes(teacher, dataset);
      assertSameTokens(teacher, config);
    }
    this.method = YOLOS_METHODS[preset as keyof typeof YOLOS_METHODS];
    const projection = teacher ? projectionOf(config, teacher.config, seed) : new Map();
    const begun = start ? beginning(start, config, dataset, seed) : initYolos(config, seed);
    const weights = new Map([...prefixed("student.", begun), ...prefixed("kd.", projection)]);
    this.student = { params: new Params(engine, weights), config };
    if (teacher) this.teacher = { params: new Params(engine, teacher.weights), config: teacher.config };
    this.batches = new DetectionBatches(dataset, batch, seed, augment !== "none");
    this.inputs = new YolosInputs(engine, config, batch);
  }

  get params(): Params {
    return this.student.params;
  }

  get batch(): number {
    return this.settings.batch;
  }

  get config(): YolosConfig {
    return this.student.config;
  }

  async weights(): Promise<Weights> {
    return below("student.", await this.params.read());
  }

  /** Rows and columns of patches of which some are kept. */
  get grid(): Grid {
    return gridOf(this.config.encoder);
  }

  private get count(): number {
    const [rows, columns] = this.grid;
    return rows * columns;
  }

  /** Number of patches the teacher sees now. */
  get kept(): number {
    return Math.min(this.count, Math.max(1, Math.round(this.settings.keep * this.count)));
  }

  trace(graph: Graph, { whole }: TraceOptions = {}) {
    return traceLosses(graph, { ...this.parts(), inputs: this.inputs, noObject: this.live.noObject, whole });
  }

  private parts(): Parts {
    return { student: this.student, distillation: this.distillation() };
  }

  private distillation(): Distillation | undefined {
    const { teacher, method, live, settings } = this;
    if (!teacher) return undefined;
    const { criterion, queries, softmaxOver, block, seed } = settings;
    this.highest.value = highestOf(this.kept, live.step.value, settings.steps);
    const keep = { k: this.kept, criterion, queries, softmaxOver, block, highest: this.highest, random: { seed, step: live.step } };
    const knobs = Object.keys(method.knobs).map((knob) => [knob, live[keyOf(method.name, knob)]] as const);
    return { teacher, keep, method, knobs: Object.fromEntries(knobs) };
  }

  load(step: number): void {
    this.highest.value = highestOf(this.kept, step, this.settings.steps);
    const { images, truths } = this.batches.train.take(step);
    this.inputs.load(images, truths);
  }

  ahead(step: number): void {
    this.batches.train.prepare(step);
  }

  report(out: Fetched): Report {
    const terms = [...Object.keys(OWN_WEIGHTS), ...Object.keys(this.method.terms)].filter((name) => out[name]);
    return { losses: Object.fromEntries(terms.map((name) => [name, out[name][0]])), rates: {}, kept: out.kept as Uint32Array | undefined };
  }

  /** COCO's scores, `map` first. */
  evaluate(limit: number, progress?: Progress): Promise<Scores> {
    const { dataset } = this.sources;
    return scoredBy(recordingOf(this.engine, this.student), { dataset, limit, progress });
  }

  /** The same of the teacher that sees every patch; it does not change, so it is evaluated once. Undefined without a teacher. */
  async teacherOnAll(): Promise<Scores | undefined> {
    const { engine, sources } = this;
    if (!sources.teacher) return undefined;
    const { dataset, teacher } = sources;
    const params = new Params(engine, new Map(prefixed("student.", teacher.weights)));
    try {
      this.teacherScores ??= await scoredBy(recordingOf(engine, { params, config: teacher.config }), { dataset });
    } finally {
      params.destroy();
    }
    return this.teacherScores;
  }

  /** Scores of student and teacher on all held-out images, and what the teacher costs; `whole` adds what precision is lost to. */
  async outcome({ whole = false } = {}): Promise<Record<string, unknown>> {
    const { dataset } = this.sources;
    const answered = await answersBy(recordingOf(this.engine, this.student), { dataset });
    const teacher = await this.teacherOnAll();
    const cost = this.cost();
    const time = await this.teacherTime();
    return {
      ...{ ...(await scoresOf(answered, dataset)), teacher_map: teacher?.map, kept: cost?.kept, patches: cost?.patches },
      ...{ teacher_macs: cost?.macs, teacher_macs_full: cost?.fullMacs, teacher_ms: time?.ms, teacher_ms_full: time?.fullMs },
      ...(whole && (await this.lost())),
    };
  }

  private async lost(): Promise<object> {
    const { classes } = this.sources.dataset;
    const { student, teacher } = await this.errors(await this.weights());
    const errors = { student: areasOf(student, classes), ...(teacher && { teacher: areasOf(teacher, classes) }) };
    return { tide: tideCosts(student.tide), errors };
  }

  /** What precision is lost to: of a student with these weights, and of the teacher that sees every patch. */
  async errors(weights: Weights, beside: Beside = {}): Promise<Errors & { student: Required<ErrorAnalysis> }> {
    const { dataset, teacher } = this.sources;
    const asked = { engine: this.engine, dataset, ...beside };
    const { classes, test } = dataset;
    const student = await errorsOf({ weights, config: this.config }, asked);
    return { classes, images: test.count, student, ...(teacher && { teacher: await errorsOf(teacher, asked) }) };
  }

  /** What student and teacher find on these held-out images. */
  async snapshot(indices: number[]): Promise<Outputs> {
    return this.look(this.recorded, this.sources.dataset.test, indices);
  }

  /** What they find on another picture, u8 [side, side, 3], and the patches of it that the teacher is shown. */
  async find(pixels: Uint8Array): Promise<{ student: Detection[]; teacher?: Detection[]; kept?: Uint32Array }> {
    const { student, teacher, kept } = await this.look(this.recordedOwn, unlabelled(pixels), [0]);
    return { student: student[0], ...(teacher && { teacher: teacher[0] }), ...(kept && { kept }) };
  }

  private async look(recorded: Recorded<Snapshot>, split: DetectionSplit, indices: number[]): Promise<Outputs> {
    const { images, truths } = this.batches.load(split, indices);
    const snapshot = await recorded.of(indices.length, () => Snapshot.compile(this.engine, this.parts(), indices.length));
    return snapshot.run(images, truths);
  }

  /** Its networks as they are now, for a project in PyTorch. */
  async handedOver(): Promise<HandedOver> {
    const { params, config, teacher } = this;
    const frozen = teacher && { weights: await teacher.params.read(), config: teacher.config };
    return handedOver({ weights: await params.read(), config }, frozen, this.sources.dataset);
  }

  forget(): void {
    this.recorded.forget();
    this.recordedOwn.forget();
  }

  /** The teacher's cost now, its tokens on what it sees: no head is run. Undefined without a teacher. */
  cost(): Cost | undefined {
    if (!this.teacher) return undefined;
    const { kept, count } = this;
    const macs = (k: number) => yolosMacs(this.teacher!.config, k).encoder;
    return { kept, patches: count, macs: macs(kept), fullMacs: macs(count), bufferBytes: this.engine.usedBytes };
  }

  async teacherTime(): Promise<TeacherTime | undefined> {
    const { teacher, kept, count, batch } = this;
    if (!teacher) return undefined;
    this.clock ??= new TeacherClock(this.engine, asked(teacher, batch, count));
    const [now, full] = await this.clock.measure([kept, count]);
    return { ...timeOf(now, full), bytes: this.clock.bytes(kept), fullBytes: this.clock.bytes(count) };
  }

  destroy(): void {
    this.forget();
    this.clock?.destroy();
    this.inputs.destroy();
    this.student.params.destroy();
    this.teacher?.params.destroy();
  }
}

/** Matrices decay; positions and tokens do not. */
const decays = (name: string, shape: number[]): boolean => shape.length > 1 && !/\.(pos_embed|cls_token|det_token|det_pos)$/.test(name);

/** How the time of a teacher is measured: of its tokens. */
function asked({ params, config }: Model, batch: number, patches: number): Asked {
  const { channels, image } = config.encoder;
  const forward: Asked["forward"] = (images, kept) => yolosTokens(params.on(images.graph, false), config, images, { kept }).det;
  return { batch, shape: [channels, image, image], patches, forward };
}

/** A fresh projection of the student's tokens to the teacher's width. */
function projectionOf(student: YolosConfig, teacher: YolosConfig, seed: number): Weights {
  const shapes = linearShapes("proj", student.encoder.width, teacher.encoder.width);
  return new Map(shapes.map(([name, shape], i) => [name, { shape, data: initial(name, shape, seed, PROJECTION_STREAM + i) }]));
}

/** The student of the settings. */
function studentConfig({ width, depth, heads, patch, detTokens }: YolosSettings, { side, classes }: DetectionSet): YolosConfig {
  if (width % heads !== 0) throw new EngineError(`A width of ${width} cannot be shared by ${heads} heads.`, "Make it a multiple.");
  const plain = { image: side, patch, channels: 3, classes: 0, activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 } as const;
  return {
    encoder: { ...plain, width, depth, heads, headDim: width / heads, mlp: 4 * width },
    ...{ tokens: detTokens, classes: classes.length },
  };
}
