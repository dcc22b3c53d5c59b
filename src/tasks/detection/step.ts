/** What a detection step and a snapshot share: inputs on the GPU, and the forward pass of student, teacher and method. */
import type { Engine } from "../../engine/device";
import type { Graph, Tensor } from "../../engine/graph";
import type { GroundTruth } from "../../geometry/boxes";
import type { Assigned, DetectionMethod } from "../../methods/detection/method";
import type { Distilled, Draws, Knobs, LiveOf } from "../../methods/method";
import { assigner } from "../../models/detector/assign";
import type { DetectorConfig } from "../../models/detector/config";
import { type DetectorResult, detector } from "../../models/detector/detector";
import type { DetectorOptions } from "../../models/detector/layers";
import { Targets } from "../../models/detector/targets";
import type { Bound, Params } from "../../models/params";
import type { Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";
import type { LiveValues } from "../task";

/** A detector on the GPU. */
export interface DetectorModel {
  params: Params;
  config: DetectorConfig;
}

/** Slots for an image's objects where a method wants boxes: no crowds, nothing difficult. Objects beyond these count in the targets alone. */
const BOXES = 64;

/** The images, targets and boxes that every run of a step reads. Takes buffers: `destroy` gives them back. */
export class DetectorInputs {
  readonly targets: Targets;
  private readonly images: GPUBuffer;
  private readonly boxes: GPUBuffer;
  private readonly assign: ReturnType<typeof assigner>;

  constructor(
    private readonly engine: Engine,
    private readonly config: DetectorConfig,
    readonly batch: number,
  ) {
    this.targets = new Targets(engine, config, batch);
    this.images = engine.takeBuffer(12 * batch * config.image ** 2);
    this.boxes = engine.takeBuffer(16 * batch * BOXES);
    this.assign = assigner(config);
  }

  /** Uploads normalised images f32 [B, S, S, 3] and what is on them. */
  load(images: Float32Array, truths: readonly GroundTruth[][]): void {
    const { queue } = this.engine.device;
    queue.writeBuffer(this.images, 0, images as BufferSource);
    this.targets.load(truths.map(this.assign));
    const boxes = new Float32Array(4 * this.batch * BOXES);
    for (const [b, objects] of truths.entries()) {
      const single = objects.filter(({ crowd, difficult }) => !crowd && !difficult);
      for (const [i, { box }] of single.slice(0, BOXES).entries()) boxes.set(box, 4 * (b * BOXES + i));
    }
    queue.writeBuffer(this.boxes, 0, boxes);
  }

  on(graph: Graph): { images: Tensor; boxes: Tensor } {
    const { image } = this.config;
    return {
      images: graph.fixed(this.images, [this.batch, image, image, 3]),
      boxes: graph.fixed(this.boxes, [this.batch, BOXES, 4]),
    };
  }

  /** What the student is to answer where. */
  assigned(graph: Graph): Assigned {
    return { labels: this.targets.on(graph).map(({ labels }) => labels), positives: this.targets.positives };
  }

  destroy(): void {
    this.targets.destroy();
    for (const buffer of [this.images, this.boxes]) this.engine.giveBuffer(buffer);
  }
}

export interface Parts {
  config: DetectorConfig;
  /** The student's under `student.`, the method's modules under `kd.`. */
  params: Params;
  /** Absent where the student runs alone. */
  distillation?: {
    teacher?: DetectorModel;
    method: DetectionMethod;
    settings: Settings;
    live: LiveValues;
    /** The method's modules that were learned beforehand. */
    learned?: Params;
  };
}

/** The passes over a batch. */
export interface Passes {
  /** The pass whose detections count and that the detector's own loss trains. */
  student: DetectorResult;
  /** The student's pass that the method compares with the teacher's: another one where part of the input is hidden. */
  compared: DetectorResult;
  teacher?: DetectorResult;
  distilled?: Distilled;
}

/**
 * Student and, where there is one, teacher see the images; the method compares their outputs. A method that hides part of the
 * student's input does so while there is a teacher; outside training the student sees the whole image.
 */
export function forward(
  graph: Graph,
  { config, params, distillation, inputs, trainable }: Parts & { inputs: DetectorInputs; trainable: boolean },
): Passes {
  const { images, boxes } = inputs.on(graph);
  const bound = params.on(graph, trainable);
  const frozen = distillation?.settings.norm === "frozen";
  const pass = (options: DetectorOptions = {}) =>
    detector(inside("student.", bound), config, images, { ...options, training: trainable && !frozen });
  if (!distillation) {
    const student = pass();
    return { student, compared: student };
  }
  const { teacher, method, settings, live, learned } = distillation;
  const random: Draws = { seed: settings.seed, step: live.step };
  const knobs = knobsOf(method, settings, live);
  const mask = teacher && method.visible?.({ graph, batch: inputs.batch, image: config.image, knobs, random });
  const compared = pass({ mask: mask?.cells, visibleStatistics: mask?.visibleStatistics });
  const student = mask && (!trainable || mask.passes === "two") ? pass() : compared;
  if (!teacher) return { student, compared };
  const target = detector(teacher.params.on(graph, false), teacher.config, images);
  const distilled = method.losses({
    ...{
      student: { config, ...compared },
      teacher: { config: teacher.config, ...target },
      boxes,
      assigned: inputs.assigned(graph),
      modules: { ...inside("kd.", bound), ...learned?.on(graph, false) },
    },
    ...{ knobs, random, visible: mask?.cells },
  });
  return { student, compared, teacher: target, distilled };
}

/** A method's knobs as a recorded step reads them: numbers live, choices as they are set. */
export function knobsOf({ name, knobs }: DetectionMethod, settings: Settings, live: LiveValues): LiveOf<Knobs> {
  const values = Object.entries(knobs).map(([knob, { kind }]) => {
    const key = keyOf(name, knob);
    return [knob, kind === "number" ? live[key] : settings[key]];
  });
  return Object.fromEntries(values);
}

/** The parameters below a prefix, under the names that follow it. */
function inside(prefix: string, bound: Bound): Bound {
  return Object.fromEntries(below(prefix, Object.entries(bound)));
}

/** The entries below a prefix, under the names that follow it. */
export function below<T>(prefix: string, entries: Iterable<[string, T]>): Map<string, T> {
  return new Map([...entries].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]));
}

export function prefixed<T>(prefix: string, entries: Iterable<[string, T]>): [string, T][] {
  return [...entries].map(([name, value]) => [prefix + name, value]);
}
