/** Images and the boxes on them: a detector learns from ground truth and from a teacher's features and scores. */
import { DetectionBatches } from "../../data/batches.detection";
import type { DetectionSet } from "../../data/detection";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { Graph, type Live, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { Fetched } from "../../engine/readback";
import { DETECTION_METHODS, type DetectionMethodName } from "../../methods/detection";
import { calibrated, type Norms } from "../../methods/detection/calibrate";
import type { DetectionMethod } from "../../methods/detection/method";
import { initModules } from "../../methods/detection/modules";
import { type DetectorConfig, type DetectorKind, smallDetector } from "../../models/detector/config";
import { initDetector } from "../../models/detector/init";
import { detectorLosses } from "../../models/detector/losses";
import { Params } from "../../models/params";
import type { Weights } from "../../models/weights";
import type { Loss } from "../../ops/losses";
import type { Key, Settings } from "../../settings/experiment";
import type { OptimizerOptions } from "../../train/optimizer";
import type { Beside, Errors, Knobs, Progress, Report, Scores, Subject, Task } from "../task";
import { detectorErrors, scored, teacherErrors } from "./evaluate";
import { assertTakes, type DetectorNetwork } from "./network";
import { below, DetectorInputs, DetectorLook, type DetectorModel, type DetectorViews, forward, type Parts, prefixed } from "./step";

export interface DetectionOptions {
  dataset: DetectionSet;
  /** Without one, the student learns from ground truth alone. */
  teacher?: DetectorNetwork;
}

export function detection(options: DetectionOptions): Subject<DetectionTask> {
  const { dataset, teacher } = options;
  return {
    dataset: { id: dataset.id, name: dataset.name },
    teacher: teacher && { id: teacher.id, name: teacher.name },
    task: (engine, settings, knobs) => new DetectionTask(engine, options, settings, knobs),
  };
}

/** Batches over which gradients are measured before the first step. */
const CALIBRATION_BATCHES = 4;

/** One term of the loss, what it is multiplied with, and whether it is the detector's own. */
interface Term {
  name: string;
  loss: Loss;
  weight: number | Live;
  own: boolean;
}

/** How hard a term pulls, its weight aside; a number for each batch measured. */
export interface Pull {
  name: string;
  own: boolean;
  weight: number;
  norms: number[];
}

export class DetectionTask implements Task<DetectorViews> {
  /** A detector's gradient peaks where boxes are first matched: its norm is limited. */
  readonly optimizer: OptimizerOptions = { kind: "adamw", clip: true };
  readonly params: Params;
  readonly config: DetectorConfig;
  readonly method: DetectionMethod;
  private readonly teacher?: DetectorModel;
  private readonly batches: DetectionBatches;
  private readonly inputs: DetectorInputs;
  private watch?: DetectorLook;
  private version = 0;

  /** Throws an EngineError when teacher and data, or settings and model, do not fit. */
  constructor(
    private readonly engine: Engine,
    private readonly options: DetectionOptions,
    private readonly settings: Settings,
    private readonly knobs: Knobs,
  ) {
    const { dataset, teacher } = options;
    const { seed, batch, augment } = settings;
    this.config = studentConfig(settings, dataset);
    if (teacher) assertFits(teacher, this.config, dataset);
    this.method = DETECTION_METHODS[settings.preset as DetectionMethodName] as never as DetectionMethod;
    const modules = teacher ? this.method.modules(this.config, teacher.config, settings as never) : {};
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
  private terms(graph: Graph): { terms: Term[]; pyramid: Tensor[] } {
    const { student, distilled, taught } = forward(graph, { ...this.parts(), inputs: this.inputs, trainable: true });
    const own = detectorLosses(this.config, student.levels, this.inputs.targets);
    const terms = [
      ...Object.entries(own).map(([name, loss]): Term => ({ name, loss, weight: 1, own: true })),
      ...Object.entries(taught?.losses ?? {}).map(([name, loss]): Term => ({ name, loss, weight: this.weightOf(name), own: false })),
    ];
    return { terms, pyramid: [...new Set([...student.pyramid, ...distilled.pyramid])] };
  }

  private parts(): Parts {
    const { config, params, teacher, method, settings, knobs } = this;
    return { config, params, lesson: { teacher, method, settings, knobs } };
  }

  private weightOf(term: string): Live {
    return this.knobs[this.method.terms[term].weight as Key];
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

  /**
   * How hard each term pulls: the norm of its gradient at the student's pyramid, before its weight, on the batches of the
   * given steps.
   */
  async pulls(steps: readonly number[]): Promise<Pull[]> {
    const graph = new Graph(this.engine);
    const { terms, pyramid } = this.terms(graph);
    const outputs: Record<string, Tensor> = {};
    for (const { name, loss } of terms) {
      const grads = graph.gradients((g) => loss.seed(1, g));
      for (const [l, level] of pyramid.entries()) {
        const found = grads.of(level);
        if (found) outputs[`${name} ${l}`] = found;
      }
    }
    const program = await Program.compile(graph, outputs);
    const found = terms.map(({ name, own, weight }): Pull => ({ name, own, weight: numberOf(weight), norms: [] }));
    try {
      for (const step of steps) {
        this.load(step);
        const out = await program.fetch();
        for (const { name, norms } of found) norms.push(norm(pyramid.map((_, l) => out[`${name} ${l}`])));
      }
    } finally {
      program.dispose();
    }
    return found;
  }

  /** Weights of the method's terms that were left at their defaults, from gradients measured before the first step. */
  async prepare(): Promise<Partial<Record<Key, number>>> {
    if (this.settings.weights !== "calibrated" || !this.teacher) return {};
    const pulls = await this.pulls(Array.from({ length: CALIBRATION_BATCHES }, (_, i) => i));
    const own = pulls.filter((pull) => pull.own);
    const norms: Norms = {
      detector: own[0].norms.map((_, i) => Math.hypot(...own.map((pull) => pull.norms[i]))),
      terms: Object.fromEntries(pulls.filter((pull) => !pull.own).map(({ name, norms }) => [name, norms])),
    };
    const { terms, knobs } = this.method;
    const found = Object.entries(calibrated(terms, norms)).map(([name, weight]) => [terms[name].weight, weight] as const);
    return Object.fromEntries(found.filter(([knob]) => this.settings[knob as Key] === knobs[knob].default));
  }

  /** Average precision and recall as COCO has them, on held-out images. */
  evaluate(limit: number, progress?: Progress): Promise<Scores> {
    const { engine, config, params } = this;
    return scored({ config, params }, { engine, dataset: this.options.dataset, limit, progress });
  }

  /** What precision on all held-out images is lost to, for a student of such weights and, where there is one, the teacher. */
  async errors(weights: Weights, { progress, ...beside }: Beside = {}): Promise<Errors> {
    const { engine, config } = this;
    const { teacher, dataset } = this.options;
    const parts = teacher ? 2 : 1;
    const asked = (part: number) => ({ engine, dataset, ...beside, progress: (share: number) => progress?.((part + share) / parts) });
    const student = await detectorErrors({ weights, config }, asked(0));
    const taught = teacher && (await teacherErrors(teacher, asked(1)));
    return { classes: dataset.classes, images: dataset.test.count, student, ...(taught && { teacher: taught }) };
  }

  /** What student and teacher see on the given held-out images, and what the method does to their features. */
  async look(indices: number[]): Promise<DetectorViews> {
    const { images, truths } = this.batches.load(this.options.dataset.test, indices);
    return (await this.watching(indices.length)).run(images, truths);
  }

  /** The recorded look at `batch` images, kept until a setting changes what is recorded. */
  private async watching(batch: number): Promise<DetectorLook> {
    while (this.watch?.batch !== batch) {
      this.watch?.destroy();
      this.watch = undefined;
      const { version } = this;
      const look = await DetectorLook.compile(this.engine, this.parts(), batch);
      if (version === this.version) this.watch = look;
      else look.destroy();
    }
    return this.watch;
  }

  forget(): void {
    this.version++;
    this.watch?.destroy();
    this.watch = undefined;
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

/** The small student of `models/detector`, with the sizes the settings ask for. */
function studentConfig({ detector, blocks, stem, channels, stacked }: Settings, { side, classes }: DetectionSet): DetectorConfig {
  const small = smallDetector(detector as DetectorKind, "student", classes.length, side);
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

const numberOf = (weight: number | Live): number => (typeof weight === "number" ? weight : weight.value);

function norm(tensors: (ArrayLike<number> | undefined)[]): number {
  let sum = 0;
  for (const values of tensors) for (let i = 0; i < (values?.length ?? 0); i++) sum += values![i] ** 2;
  return Math.sqrt(sum);
}
