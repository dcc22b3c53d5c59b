/** What a detection step and a look at some images share: inputs on the GPU, and the forward pass of student, teacher, method. */
import type { Engine } from "../../engine/device";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { DetectionMethod, Draws, Seen, Taught } from "../../methods/detection/method";
import { assigner } from "../../models/detector/assign";
import type { Detection, GroundTruth } from "../../models/detector/boxes";
import type { DetectorConfig } from "../../models/detector/config";
import { decode, type LevelOutputs } from "../../models/detector/decode";
import { type DetectorResult, detector } from "../../models/detector/detector";
import type { DetectorOptions } from "../../models/detector/layers";
import { Targets } from "../../models/detector/targets";
import type { Bound, Params } from "../../models/params";
import { absolutePixelMeans } from "../../ops/regions";
import type { Settings } from "../../settings/experiment";
import type { Knobs } from "../task";

/** A detector on the GPU. */
export interface DetectorModel {
  params: Params;
  config: DetectorConfig;
}

/** Slots for an image's ground truth where a method wants boxes; objects beyond these count in the targets alone. */
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
    for (const [b, objects] of truths.entries())
      for (const [i, { box }] of objects.slice(0, BOXES).entries()) boxes.set(box, 4 * (b * BOXES + i));
    queue.writeBuffer(this.boxes, 0, boxes);
  }

  on(graph: Graph): { images: Tensor; boxes: Tensor } {
    const { image } = this.config;
    return {
      images: graph.fixed(this.images, [this.batch, image, image, 3]),
      boxes: graph.fixed(this.boxes, [this.batch, BOXES, 4]),
    };
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
  /** Absent where the student is only asked. */
  lesson?: { teacher?: DetectorModel; method: DetectionMethod; settings: Settings; knobs: Knobs };
}

/**
 * Student and, where there is one, teacher see the images; the method says what the student should have seen. A method that
 * hides part of the student's input does so while there is a teacher; what the student answers outside training is of the
 * whole image. `distilled` is the pass that the method compares.
 */
export function forward(
  graph: Graph,
  { config, params, lesson, inputs, trainable }: Parts & { inputs: DetectorInputs; trainable: boolean },
): { student: DetectorResult; distilled: DetectorResult; teacher?: DetectorResult; taught?: Taught } {
  const { images, boxes } = inputs.on(graph);
  const bound = params.on(graph, trainable);
  const pass = (options: DetectorOptions = {}) => detector(inside("student.", bound), config, images, { ...options, training: trainable });
  if (!lesson) {
    const student = pass();
    return { student, distilled: student };
  }
  const { teacher, method, settings, knobs } = lesson;
  const random: Draws = { seed: settings.seed, step: knobs.step };
  const values = Object.fromEntries(
    Object.entries(method.knobs).map(([name, { kind }]) => [name, kind === "number" ? knobs[name as never] : settings[name as never]]),
  ) as never;
  const sight = teacher && method.visible?.({ graph, batch: inputs.batch, image: config.image, knobs: values, random });
  const distilled = pass({ mask: sight?.cells, visibleStatistics: sight?.visibleStatistics });
  const seen = sight && (!trainable || sight.passes === "two") ? pass() : distilled;
  if (!teacher) return { student: seen, distilled };
  const told = detector(teacher.params.on(graph, false), teacher.config, images);
  const student: Seen = { config, ...distilled };
  const taught = method.losses({
    ...{ student, teacher: { config: teacher.config, ...told }, boxes, modules: inside("kd.", bound) },
    ...{ knobs: values, random, visible: sight?.cells },
  });
  return { student: seen, distilled, teacher: told, taught };
}

/** What student and teacher make of some images, and the method's pictures. */
export interface DetectorViews {
  truths: GroundTruth[][];
  student: Detection[][];
  teacher?: Detection[][];
  /** By the names the method gives them; and `student.L`, `teacher.L`, mean |F| of FPN level L. */
  maps: Record<string, { shape: readonly number[]; data: Float32Array }>;
}

/** A recorded look at `batch` images that learns nothing from them. */
export class DetectorLook {
  private constructor(
    readonly batch: number,
    private readonly parts: Parts,
    private readonly inputs: DetectorInputs,
    private readonly program: Program,
    private readonly shapes: Record<string, readonly number[]>,
  ) {}

  static async compile(engine: Engine, parts: Parts, batch: number): Promise<DetectorLook> {
    const inputs = new DetectorInputs(engine, parts.config, batch);
    const graph = new Graph(engine);
    const { student, teacher, taught } = forward(graph, { ...parts, inputs, trainable: false });
    const views = { ...taught?.views, ...strengths("student", student), ...(teacher && strengths("teacher", teacher)) };
    const outputs = { ...answers("student", student), ...(teacher && answers("teacher", teacher)), ...views };
    const shapes = Object.fromEntries(Object.entries(views).map(([name, { shape }]) => [name, shape]));
    try {
      return new DetectorLook(batch, parts, inputs, await Program.compile(graph, outputs), shapes);
    } catch (error) {
      inputs.destroy();
      throw error;
    }
  }

  /** Looks at normalised images f32 [B, S, S, 3] with what is on them. */
  async run(images: Float32Array, truths: GroundTruth[][]): Promise<DetectorViews> {
    this.inputs.load(images, truths);
    const found = await this.program.fetch();
    const { config, lesson } = this.parts;
    const maps = Object.entries(this.shapes).map(([name, shape]) => [name, { shape, data: found[name] as Float32Array }]);
    return {
      truths,
      student: detections(config, found as Record<string, Float32Array>, "student", this.batch),
      teacher: lesson?.teacher && detections(lesson.teacher.config, found as Record<string, Float32Array>, "teacher", this.batch),
      maps: Object.fromEntries(maps),
    };
  }

  destroy(): void {
    this.program.dispose();
    this.inputs.destroy();
  }
}

/** Mean |F| over the channels of every pyramid level, [B, H, W]. */
function strengths(who: string, { pyramid }: DetectorResult): Record<string, Tensor> {
  return Object.fromEntries(pyramid.map((map, l) => [`${who}.${l}`, absolutePixelMeans(map, 1)]));
}

const PARTS = ["cls", "box", "centerness"] as const;

/** A head's answers by names that cannot be a method's. */
function answers(who: string, { levels }: DetectorResult): Record<string, Tensor> {
  const entries = levels.flatMap((level, l) =>
    PARTS.flatMap((part) => (level[part] ? [[`${who} ${part} ${l}`, level[part]] as const] : [])),
  );
  return Object.fromEntries(entries);
}

function detections(config: DetectorConfig, found: Record<string, Float32Array>, who: string, batch: number): Detection[][] {
  const levels = Array.from({ length: config.levels }, (_, l): LevelOutputs => {
    const [cls, box, centerness] = PARTS.map((part) => found[`${who} ${part} ${l}`]);
    return { cls, box, centerness };
  });
  return Array.from({ length: batch }, (_, image) => decode(config, levels, image));
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
