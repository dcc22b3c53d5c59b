/** Images and the boxes on them: a detector learns from ground truth and from a teacher's features and scores. */
import { DetectionBatches } from "../../data/batches.detection";
import { type DetectionSet, type DetectionSplit, unlabelled } from "../../data/detection";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { Graph, type Live, type Tensor } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import type { Detection, GroundTruth } from "../../geometry/boxes";
import { DETECTION_METHODS, type DetectionMethodName } from "../../methods/detection";
import { calibrated, type Norms, type Published } from "../../methods/detection/calibrate";
import type { DetectionMethod, HiddenCells } from "../../methods/detection/method";
import { initModules } from "../../methods/detection/modules";
import type { Answered } from "../../metrics/coco";
import { errorAnalysis } from "../../metrics/errors";
import { type DetectorConfig, smallDetector } from "../../models/detector/config";
import { coverage, fittedAnchor } from "../../models/detector/coverage";
import { inherit } from "../../models/detector/inherit";
import { initDetector } from "../../models/detector/init";
import { detectorLosses } from "../../models/detector/losses";
import { Params } from "../../models/params";
import type { Weights } from "../../models/weights";
import type { Settings } from "../../settings/run";
import { SettingError } from "../../settings/schema";
import { keyOf, type NumberSetting } from "../../settings/setting";
import { Recorded } from "../recorded";
import type { Beside, Errors, HandedOver, LiveValues, Progress, Report, Scores, Sources, Task, TraceOptions } from "../task";
import { TeacherStage } from "./beforehand";
import { beginning } from "./beginning";
import { imageConflicts, plainOf } from "./conflicts";
import { answersOf, detectorErrors, scored, teacherErrors } from "./evaluate";
import { handedOver, ofBatch, wholeBatch } from "./handover";
import { anchorsConflict, kindsConflict } from "./heads";
import { markHidden } from "./hidden";
import { assertTakes, type DetectorNetwork } from "./network";
import { areasOf, scoresOf, tideCosts } from "./outcome";
import { type LossTerm, type MeasuredPulls, measurePulls } from "./pulls";
import { type DetectionSettings, GROUP_WIDTH } from "./settings";
import { DetectorSnapshot, type DetectorViews } from "./snapshot";
import { below, DetectorInputs, type DetectorModel, forward, knobsOf, type Parts, prefixed } from "./step";

/** Batches over which gradients are measured. */
const CALIBRATION_BATCHES = 4;
/** Share of a run after which blocks that regenerate have learned, and gradients through them are measured again. */
const LEARNED = 0.05;

export class DetectionTask implements Task<DetectorViews> {
  /** A detector's gradient peaks where boxes are first matched: its norm is limited. */
  readonly optimizer = { clip: "all" } as const;
  readonly params: Params;
  readonly config: DetectorConfig;
  readonly method: DetectionMethod;
  readonly beforehand?: TeacherStage;
  private readonly teacher?: DetectorModel;
  private readonly batches: DetectionBatches;
  private readonly inputs: DetectorInputs;
  private readonly recorded = new Recorded<DetectorSnapshot>();
  /** Of one image that is none of the data set's. */
  private readonly recordedOwn = new Recorded<DetectorSnapshot>();

  /** Throws an EngineError when teacher and data, or settings and model, do not fit. */
  constructor(
    private readonly engine: Engine,
    private readonly sources: Sources<DetectionSet, DetectorNetwork>,
    private readonly settings: DetectionSettings,
    private readonly live: LiveValues,
  ) {
    const { dataset, teacher } = sources;
    const { seed, batch, augment } = settings;
    this.config = studentConfig(settings, dataset);
    this.method = DETECTION_METHODS[settings.preset as DetectionMethodName];
    if (teacher) {
      assertFits(teacher, this.config, dataset);
      assertConsistent(settings, this.config);
      assertComparable(this.method, settings, this.config, teacher);
    }
    const modules = teacher ? this.method.modules(this.config, teacher.config, knobsOf(this.method, settings, live)) : {};
    const drawn = initDetector(this.config, seed);
    const fresh = sources.start ? beginning(drawn, sources.start, this.config, dataset) : drawn;
    const begun = teacher && settings.inherit === "on" ? inherited(fresh, teacher, this.config) : fresh;
    this.params = new Params(engine, new Map([...prefixed("student.", begun), ...prefixed("kd.", initModules(modules, seed))]));
    this.batches = new DetectionBatches(dataset, batch, seed, augment !== "none");
    if (teacher) this.teacher = { params: new Params(engine, teacher.weights), config: teacher.config };
    if (this.teacher) {
      const { batches, method } = this;
      this.beforehand = TeacherStage.of({ engine, method, teacher: this.teacher, batches, settings, live });
    }
    this.inputs = new DetectorInputs(engine, this.config, batch);
  }

  /** What was learned beforehand. */
  get carried(): Params | undefined {
    return this.beforehand?.params;
  }

  check(settings: Settings): void {
    const { teacher } = this.sources;
    if (!teacher) return;
    assertConsistent(settings, this.config);
    assertComparable(this.method, settings, this.config, teacher);
  }

  get batch(): number {
    return this.settings.batch;
  }

  trace(graph: Graph, { whole }: TraceOptions = {}): { grads: ReturnType<Graph["gradients"]>; outputs: Record<string, Tensor> } {
    const { terms } = this.terms(graph);
    const grads = graph.gradients((g) => {
      for (const { loss, weight } of terms) loss.seed(weight, g);
    });
    const values = Object.fromEntries(terms.map(({ name, loss }) => [name, loss.value]));
    return { grads, outputs: { ...values, ...(whole && wholeBatch(graph, this.inputs)) } };
  }

  /** Every term of the loss, and the student's pyramid: one more where the method compares a pass of its own. */
  private terms(graph: Graph): { terms: LossTerm[]; pyramid: Tensor[] } {
    const { student, compared, distilled } = forward(graph, { ...this.parts(), inputs: this.inputs, trainable: true });
    const own = detectorLosses(this.config, student.levels, this.inputs.targets);
    const terms = [
      ...Object.entries(own).map(([name, loss]): LossTerm => ({ name, loss, weight: 1, own: true })),
      ...Object.entries(distilled?.losses ?? {}).map(([name, loss]): LossTerm => ({ name, loss, weight: this.weightOf(name), own: false })),
    ];
    return { terms, pyramid: [...new Set([...student.pyramid, ...compared.pyramid])] };
  }

  private parts(): Parts {
    const { config, params, teacher, method, settings, live } = this;
    return { config, params, distillation: { teacher, method, settings, live, learned: this.carried } };
  }

  private weightOf(term: string): Live {
    return this.live[this.keyOfWeight(term)];
  }

  /** The key of the setting that weighs a term of the method. */
  private keyOfWeight(term: string): string {
    return keyOf(this.method.name, this.method.terms[term].weight);
  }

  load(step: number): void {
    const { images, truths } = this.batches.train.take(step);
    const hidden = this.hidden();
    this.inputs.load(images, hidden ? markHidden(truths, hidden, this.config.image) : truths);
  }

  /** What the next run of the step hides from the student, where there is a teacher to learn it from. */
  private hidden(): HiddenCells | undefined {
    const { method, settings, live, batch, config } = this;
    if (!this.teacher) return undefined;
    const random = { seed: settings.seed, step: live.step };
    return method.hidden?.({ batch, image: config.image, knobs: knobsOf(method, settings, live), random });
  }

  ahead(step: number): void {
    this.batches.train.prepare(step);
  }

  report(out: Fetched): Report {
    const losses = Object.entries(out).filter(([name]) => name !== "clip" && !ofBatch(name));
    return { losses: Object.fromEntries(losses.map(([name, [value]]) => [name, value])), rates: {} };
  }

  /** How hard each term pulls at the student's pyramid, before its weight, on the batches of these steps. */
  pulls(steps: readonly number[]): Promise<MeasuredPulls> {
    const graph = new Graph(this.engine);
    const load = (step: number) => {
      this.load(step);
      return this.inputs.targets.byLevel;
    };
    return measurePulls(graph, { ...this.terms(graph), levels: this.config.levels, steps, load });
  }

  /** Weights of the method's terms, from gradients: before the first step, and again when what regenerates has learned. */
  async prepare(step: number): Promise<Record<string, number>> {
    const { weights, steps } = this.settings;
    const times = [0, ...(this.method.regenerates ? [Math.ceil(LEARNED * steps)] : [])];
    if (weights !== "calibrated" || !this.teacher || !times.includes(step)) return {};
    const { terms, positives } = await this.pulls(Array.from({ length: CALIBRATION_BATCHES }, (_, i) => step + i));
    const own = terms.filter((term) => term.own);
    const measured = {
      detector: positives.map((levels, b) => levels.map((_, l) => Math.hypot(...own.map(({ norms }) => norms[b][l])))),
      terms: Object.fromEntries(terms.filter((term) => !term.own).map(({ name, norms }): [string, Norms] => [name, norms])),
      positives: positives[0].map((_, l) => positives.reduce((sum, levels) => sum + levels[l], 0)),
    };
    const found = calibrated(this.method.terms, this.published(), measured);
    return Object.fromEntries(Object.entries(found).map(([term, weight]) => [this.keyOfWeight(term), weight]));
  }

  /** The weights that the method's paper gives its terms, for the reduction that is set. */
  private published(): Record<string, Published> {
    const { name: owner, terms, knobs } = this.method;
    const literal = this.settings[keyOf(owner, "reduction")] === "literal";
    const each = Object.entries(terms).map(([name, { weight, sums }]) => {
      const { default: usual, min, max } = knobs[weight] as NumberSetting;
      return [name, { value: literal ? (sums ?? usual) : usual, min, max }] as const;
    });
    return Object.fromEntries(each);
  }

  /** Average precision and recall as COCO has them, on held-out images. */
  evaluate(limit: number, progress?: Progress): Promise<Scores> {
    const { engine, config, params } = this;
    return scored({ config, params }, { engine, dataset: this.sources.dataset, limit, progress });
  }

  /** What precision on all held-out images is lost to, for a student of such weights and, where there is one, the teacher. */
  async errors(weights: Weights, { progress, ...beside }: Beside = {}): Promise<Errors> {
    const { engine, config } = this;
    const { teacher, dataset } = this.sources;
    const parts = teacher ? 2 : 1;
    const asked = (part: number) => ({ engine, dataset, ...beside, progress: (share: number) => progress?.((part + share) / parts) });
    const student = await detectorErrors({ weights, config }, asked(0));
    const errors = { classes: dataset.classes, images: dataset.test.count, student };
    return teacher ? { ...errors, teacher: await teacherErrors(teacher, asked(1)) } : errors;
  }

  /** COCO's and Pascal VOC's scores on all held-out images; `whole` adds what the same answers lose precision to, and the teacher, whether anchors suit the objects, what the method's terms weigh, and the share of the input that is hidden. */
  async outcome({ whole = false } = {}): Promise<Record<string, unknown>> {
    const { engine, config, params } = this;
    const { dataset } = this.sources;
    const answered = await answersOf({ config, params }, { engine, dataset });
    const beforehand = this.beforehand && { beforehand: this.beforehand.outcome };
    return { ...(await scoresOf(answered, dataset)), ...beforehand, ...(whole && (await this.lost(answered))) };
  }

  private async lost(answered: readonly Answered[]): Promise<Record<string, unknown>> {
    const { engine } = this;
    const { dataset, teacher } = this.sources;
    const { classes } = dataset;
    const analysis = await errorAnalysis(answered, dataset);
    const student = areasOf(analysis, classes);
    const errors = teacher ? { student, teacher: areasOf(await teacherErrors(teacher, { engine, dataset }), classes) } : { student };
    const hidden = this.hidden()?.cells;
    const told = hidden && { hidden: hidden.filter((cell) => cell === 0).length / hidden.length };
    const keys = Object.keys(this.method.terms).map((term) => this.keyOfWeight(term));
    const measured = teacher && { weights: Object.fromEntries(keys.map((key) => [key, this.live[key].value])) };
    return { tide: tideCosts(analysis.tide), errors, assigned: coverage(this.config, sampleOf(dataset)), ...measured, ...told };
  }

  /** What student and teacher find on these held-out images, and what the method does to their features. */
  snapshot(indices: number[]): Promise<DetectorViews> {
    return this.look(this.recorded, this.sources.dataset.test, indices);
  }

  /** What student and teacher find on another picture, u8 [side, side, 3], best first. */
  async find(pixels: Uint8Array): Promise<{ student: Detection[]; teacher?: Detection[] }> {
    const { student, teacher } = await this.look(this.recordedOwn, unlabelled(pixels), [0]);
    return { student: student[0], ...(teacher && { teacher: teacher[0] }) };
  }

  private async look(recorded: Recorded<DetectorSnapshot>, split: DetectionSplit, indices: number[]): Promise<DetectorViews> {
    const { images, truths } = this.batches.load(split, indices);
    const snapshot = await recorded.of(indices.length, () => DetectorSnapshot.compile(this.engine, this.parts(), indices.length));
    return snapshot.run(images, truths);
  }

  forget(): void {
    this.recorded.forget();
    this.recordedOwn.forget();
  }

  /** The teacher sees everything: a mask of features saves it nothing. */
  cost(): undefined {
    return undefined;
  }

  async weights(): Promise<Weights> {
    return below("student.", await this.params.read());
  }

  /** Its networks as they are now, for a project in PyTorch. */
  async handedOver(): Promise<HandedOver> {
    const { config, params, teacher } = this;
    const frozen = teacher && { weights: await teacher.params.read(), config: teacher.config };
    const before = (await this.carried?.read()) ?? new Map();
    return handedOver({ weights: await params.read(), config }, frozen, before, this.sources.dataset);
  }

  destroy(): void {
    this.forget();
    this.inputs.destroy();
    this.beforehand?.destroy();
    this.params.destroy();
    this.teacher?.params.destroy();
  }
}

/** The small student of `models/detector`, with the sizes of the settings. */
function studentConfig(settings: DetectionSettings, dataset: DetectionSet): DetectorConfig {
  const { detector, anchors, blocks, stem, channels, stacked } = settings;
  const small = smallDetector(detector, "student", dataset.classes.length, dataset.side);
  const fitted = anchors === "fitted" ? fittedAnchor(small, sampleOf(dataset).flat()) : Number(anchors);
  const sizes = { blocks: [blocks, blocks, blocks, blocks], width: stem, channels, stacked } as const;
  return { ...small, ...sizes, ...backboneOf(settings), anchor: fitted ?? small.anchor };
}

function backboneOf(settings: DetectionSettings): Partial<DetectorConfig> {
  const { backbone, block, cardinality, norm: kind } = settings;
  const norm = kind === "gn" ? "gn" : "bn";
  if (backbone === "vitdet") return { plain: plainOf(settings) };
  if (backbone === "resnet") return { block, norm };
  return { block: "bottleneck", norm, cardinality: Number(cardinality), groupWidth: GROUP_WIDTH };
}

/** Training images whose boxes tell how large objects are. */
const SAMPLE = 200;

function sampleOf({ train }: DetectionSet): GroundTruth[][] {
  return Array.from({ length: Math.min(SAMPLE, train.count) }, (_, i) => train.truths(i));
}

function assertConsistent(settings: Settings, { image }: DetectorConfig): void {
  const [found] = Object.entries(imageConflicts({ ...settings, side: image }));
  if (found) throw new SettingError(`${found[0]} cannot be "${settings[found[0]]}".`, found[1]);
}

function assertFits(teacher: DetectorNetwork, student: DetectorConfig, dataset: DetectionSet): void {
  const { name, config } = teacher;
  assertTakes(teacher, dataset);
  if (config.levels === student.levels) return;
  const wrong = `has ${config.levels} pyramid levels, the student ${student.levels}`;
  throw new EngineError(`The teacher ${name} ${wrong}.`, "Train a teacher that fits, or choose what fits it.");
}

/** The student's weights with what it can have of the teacher's neck and head. Throws a SettingError where that is nothing. */
function inherited(fresh: Weights, { name, weights, config }: DetectorNetwork, student: DetectorConfig): Weights {
  const found = inherit(fresh, weights);
  if (found.taken > 0) return found.weights;
  throw new SettingError(
    `There is nothing to inherit: no layer of the neck and head of ${name}, of ${config.channels} channels, has the shape of the student's, of ${student.channels}.`,
    `Set channels to ${config.channels}, or inherit to off.`,
  );
}

/** Throws a SettingError unless what the method compares of the heads' answers says the same of both. */
function assertComparable(method: DetectionMethod, settings: Settings, student: DetectorConfig, { name, config }: DetectorNetwork): void {
  const kinds = { student: student.kind, teacher: config.kind };
  const found = kindsConflict(method, settings, kinds) ?? anchorsConflict(method, settings, student, config);
  if (found) throw new SettingError(`The teacher is ${name}. ${found.problem}`, found.remedy);
}
