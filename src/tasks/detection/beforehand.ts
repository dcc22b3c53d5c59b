/** What a method learns on the frozen teacher alone: the teacher's features, as its modules leave them, are to be good to detect with. */
import type { DetectionBatches } from "../../data/batches.detection";
import type { Engine } from "../../engine/device";
import type { Graph, Tensor } from "../../engine/graph";
import type { DetectionMethod } from "../../methods/detection/method";
import { initModules, type Modules } from "../../methods/detection/modules";
import { answersTo, detector } from "../../models/detector/detector";
import { detectorLosses } from "../../models/detector/losses";
import { Params } from "../../models/params";
import type { Weights } from "../../models/weights";
import type { Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";
import type { Beforehand, LiveValues } from "../task";
import { DetectorInputs, type DetectorModel, knobsOf } from "./step";

export interface StageOptions {
  engine: Engine;
  method: DetectionMethod;
  teacher: DetectorModel;
  batches: DetectionBatches;
  settings: Settings;
  live: LiveValues;
}

/** Takes buffers: `destroy` gives them back. */
export class TeacherStage implements Beforehand {
  readonly params: Params;
  readonly label: string;
  readonly steps: number;
  /** What each step showed, since it last began. */
  readonly curve: Record<string, number>[] = [];
  private readonly inputs: DetectorInputs;
  private readonly fresh: Weights;

  private constructor(
    private readonly options: StageOptions,
    private readonly stage: NonNullable<DetectionMethod["beforehand"]>,
    modules: Modules,
  ) {
    const { engine, settings, method, teacher } = options;
    this.fresh = initModules(modules, settings.seed);
    this.params = new Params(engine, this.fresh);
    // The teacher's own anchors and ranges: it may be of another kind than the student.
    this.inputs = new DetectorInputs(engine, teacher.config, settings.batch);
    this.label = stage.label;
    this.steps = Number(settings[keyOf(method.name, stage.steps)]);
  }

  /** Undefined where the method's choices want nothing learned. */
  static of(options: StageOptions): TeacherStage | undefined {
    const { method, settings, live, teacher } = options;
    const modules = method.beforehand?.modules(teacher.config, knobsOf(method, settings, live)) ?? {};
    return method.beforehand && Object.keys(modules).length > 0 ? new TeacherStage(options, method.beforehand, modules) : undefined;
  }

  begin(): void {
    this.params.write(this.fresh);
    this.curve.length = 0;
  }

  trace(graph: Graph): { grads: ReturnType<Graph["gradients"]>; outputs: Record<string, Tensor> } {
    const { method, teacher, settings, live } = this.options;
    const { images } = this.inputs.on(graph);
    const frozen = teacher.params.on(graph, false);
    const { pyramid } = detector(frozen, teacher.config, images);
    const knobs = knobsOf(method, settings, live);
    const { losses, pyramid: left } = this.stage.losses({ pyramid, modules: this.params.on(graph, true), knobs });
    const answers = answersTo(frozen, teacher.config, left);
    const own = Object.entries(detectorLosses(teacher.config, answers, this.inputs.targets)).map(([name, loss]) => {
      return [`teacher.${name}`, { loss, weight: 1 }] as const;
    });
    const terms = Object.fromEntries([...own, ...Object.entries(losses)]);
    const grads = graph.gradients((g) => {
      for (const { loss, weight } of Object.values(terms)) loss.seed(weight, g);
    });
    return { grads, outputs: Object.fromEntries(Object.entries(terms).map(([name, { loss }]) => [name, loss.value])) };
  }

  load(step: number): void {
    const { images, truths } = this.options.batches.train.take(step);
    this.inputs.load(images, truths);
  }

  learned(losses: Record<string, number>): void {
    this.curve.push(losses);
  }

  /** What was learned, for people: the first and the last step's losses. */
  get outcome(): Record<string, unknown> {
    return { steps: this.curve.length, first: this.curve[0], last: this.curve.at(-1) };
  }

  destroy(): void {
    this.params.destroy();
    this.inputs.destroy();
  }
}
