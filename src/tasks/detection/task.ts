/** Images and the boxes on them: a detector learns from ground truth and from a teacher's features and scores. */
import { DetectionBatches } from "../../data/batches.detection";
import type { DetectionSet } from "../../data/detection";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { Graph, type Live, type Tensor } from "../../engine/graph";
import type { Fetched } from "../../engine/readback";
import { DETECTION_METHODS, type DetectionMethodName } from "../../methods/detection";
import { calibrated, type Norms } from "../../methods/detection/calibrate";
import type { DetectionMethod } from "../../methods/detection/method";
import { initModules } from "../../methods/detection/modules";
import type { Answered } from "../../metrics/coco";
import { errorAnalysis } from "../../metrics/errors";
import { type DetectorConfig, smallDetector } from "../../models/detector/config";
import { initDetector } from "../../models/detector/init";
import { detectorLosses } from "../../models/detector/losses";
import { Params } from "../../models/params";
import type { Weights } from "../../models/weights";
import { keyOf } from "../../settings/setting";
import type { Beside, Errors, LiveValues, OptimizerOptions, Progress, Report, Scores, Sources, Task } from "../task";
import { answersOf, detectorErrors, scored, teacherErrors } from "./evaluate";
import { assertTakes, type DetectorNetwork } from "./network";
import { areasOf, scoresOf, tideCosts } from "./outcome";
import { type LossTerm, measurePulls, type Pull } from "./pulls";
import type { DetectionSettings } from "./settings";
import { DetectorSnapshot, type DetectorViews } from "./snapshot";
import { below, DetectorInputs, type DetectorModel, forward, knobsOf, type Parts, prefixed } from "./step";

/** Batches over which gradients are measured before the first step. */
const CALIBRATION_BATCHES = 4;

export class DetectionTask implements Task<DetectorViews> {
  /** A detector's gradient peaks where boxes are first matched: its norm is limited. */
  readonly optimizer: OptimizerOptions = { kind: "adamw", clip: true };
  readonly params: Params;
  readonly config: DetectorConfig;
  readonly method: DetectionMethod;
  private readonly teacher?: DetectorModel;
  private readonly batches: DetectionBatches;
  private readonly inputs: DetectorInputs;
  private recorded?: DetectorSnapshot;
  private version = 0;

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
    if (teacher) assertFits(teacher, this.config, dataset);
    this.method = DETECTION_METHODS[settings.preset as DetectionMethodName];
    const modules = teacher ? this.method.modules(this.config, teacher.config, knobsOf(this.method, settings, live)) : {};
    this.params = new Params(
      engine,
      new Map([...prefixed("student.", initDetector(this.config, seed)), ...prefixed("kd.", initModules(modules, seed))]),
    );
    if (teacher) this.teacher = { params: new Params(engine, teacher.weights), config: teacher.config };
    this.batches = new DetectionBatches(dataset, batch, seed, augment !== "none");
    this.inputs = new DetectorInputs(engine, this.config, batch);
  }

  get batch(): number {
    return this.settings.batch;
  }

  trace(graph: Graph): { grads: ReturnType<Graph["gradients"]>; outputs: Record<string, Tensor> } {
    const { terms } = this.terms(graph);
    const grads = graph.gradients((g) => {
      for (const { loss, weight } of terms) loss.seed(weight, g);
    });
    return { grads, outputs: Object.fromEntries(terms.map(({ name, loss }) => [name, loss.value])) };
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
    return { config, params, distillation: { teacher, method, settings, live } };
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
    this.inputs.load(images, truths);
  }

  ahead(step: number): void {
    this.batches.train.prepare(step);
  }

  report(out: Fetched): Report {
    const losses = Object.entries(out).filter(([name]) => name !== "clip");
    return { losses: Object.fromEntries(losses.map(([name, [value]]) => [name, value])), rates: {} };
  }

  /** How hard each term pulls at the student's pyramid, before its weight, on the batches of these steps. */
  pulls(steps: readonly number[]): Promise<Pull[]> {
    const graph = new Graph(this.engine);
    return measurePulls(graph, { ...this.terms(graph), steps, load: (step) => this.load(step) });
  }

  /** Weights of the method's terms that were left at their defaults, from gradients measured before the first step. */
  async prepare(): Promise<Record<string, number>> {
    if (this.settings.weights !== "calibrated" || !this.teacher) return {};
    const pulls = await this.pulls(Array.from({ length: CALIBRATION_BATCHES }, (_, i) => i));
    const own = pulls.filter((pull) => pull.own);
    const norms: Norms = {
      detector: own[0].norms.map((_, i) => Math.hypot(...own.map((pull) => pull.norms[i]))),
      terms: Object.fromEntries(pulls.filter((pull) => !pull.own).map(({ name, norms }) => [name, norms])),
    };
    const { terms, knobs } = this.method;
    const left = (term: string) => this.settings[this.keyOfWeight(term)] === knobs[terms[term].weight].default;
    const found = Object.entries(calibrated(terms, norms)).filter(([term]) => left(term));
    return Object.fromEntries(found.map(([term, weight]) => [this.keyOfWeight(term), weight]));
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

  /** COCO's and Pascal VOC's scores on all held-out images; `whole` adds what the same answers lose precision to, and the teacher. */
  async outcome({ whole = false } = {}): Promise<Record<string, unknown>> {
    const { engine, config, params } = this;
    const { dataset } = this.sources;
    const answered = await answersOf({ config, params }, { engine, dataset });
    return { ...(await scoresOf(answered, dataset)), ...(whole && (await this.lost(answered))) };
  }

  private async lost(answered: readonly Answered[]): Promise<Record<string, unknown>> {
    const { engine } = this;
    const { dataset, teacher } = this.sources;
    const { classes } = dataset;
    const student = areasOf(await errorAnalysis(answered, dataset), classes);
    const errors = teacher ? { student, teacher: areasOf(await teacherErrors(teacher, { engine, dataset }), classes) } : { student };
    return { tide: await tideCosts(answered), errors };
  }

  /** What student and teacher find on these held-out images, and what the method does to their features. */
  async snapshot(indices: number[]): Promise<DetectorViews> {
    const { images, truths } = this.batches.load(this.sources.dataset.test, indices);
    return (await this.recordedFor(indices.length)).run(images, truths);
  }

  /** The recorded snapshot of `batch` images, kept until a setting changes what is recorded. */
  private async recordedFor(batch: number): Promise<DetectorSnapshot> {
    while (this.recorded?.batch !== batch) {
      this.recorded?.destroy();
      this.recorded = undefined;
      const { version } = this;
      const snapshot = await DetectorSnapshot.compile(this.engine, this.parts(), batch);
      if (version === this.version) this.recorded = snapshot;
      else snapshot.destroy();
    }
    return this.recorded;
  }

  forget(): void {
    this.version++;
    this.recorded?.destroy();
    this.recorded = undefined;
  }

  /** The teacher sees everything: a mask of features saves it nothing. */
  cost(): undefined {
    return undefined;
  }

  async weights(): Promise<Weights> {
    return below("student.", await this.params.read());
  }

  destroy(): void {
    this.forget();
    this.inputs.destroy();
    this.params.destroy();
    this.teacher?.params.destroy();
  }
}

/** The small student of `models/detector`, with the sizes of the settings. */
function studentConfig({ detector, blocks, stem, channels, stacked }: DetectionSettings, { side, classes }: DetectionSet): DetectorConfig {
  const small = smallDetector(detector, "student", classes.length, side);
  return { ...small, blocks: [blocks, blocks, blocks, blocks], width: stem, channels, stacked };
}

function assertFits(teacher: DetectorNetwork, student: DetectorConfig, dataset: DetectionSet): void {
  const { name, config } = teacher;
  assertTakes(teacher, dataset);
  const wrong =
    config.kind !== student.kind
      ? `is a ${config.kind} detector, the student is ${student.kind}`
      : config.levels !== student.levels && `has ${config.levels} pyramid levels, the student ${student.levels}`;
  if (wrong) throw new EngineError(`The teacher ${name} ${wrong}.`, "Train a teacher that fits, or choose what fits it.");
}
