/** A small masked distillation, all of it decided by seeds: for tests of whole steps. */
import type { Engine } from "../engine/device";
import type { Program } from "../engine/program";
import { uniform } from "../engine/random";
import type { KeepChoice } from "../methods/vitMasking";
import { Params } from "../models/params";
import { type ViTConfig, vitShapes } from "../models/vit/config";
import { DEIT_S } from "../models/vit/vit.fixture";
import type { Weights } from "../models/weights";
import { randoms } from "../ops/check";
import { softLabels } from "../tasks/classification/softLabels";
import { type Batch, type Distillation, type Model, type StepOptions, traceLosses } from "../tasks/classification/step";
import type { OptimizerOptions } from "../tasks/task";
import { Optimizer } from "./optimizer";
import { compileStep } from "./step";

export const STUDENT: ViTConfig = {
  ...DEIT_S,
  image: 12,
  patch: 3,
  channels: 1,
  classes: 4,
  width: 8,
  depth: 2,
  heads: 2,
  headDim: 4,
  mlp: 16,
};
const TEACHER: ViTConfig = { ...STUDENT, width: 12, depth: 3, heads: 3, mlp: 24 };
const BATCH = 8;

/** Everything a step wants but what the teacher is shown. */
export interface Scene {
  engine: Engine;
  student: Model;
  teacher: Model;
  optimizer: Optimizer;
  batch: Batch;
}

export function makeScene(engine: Engine, options: OptimizerOptions = { kind: "adamw", clip: "all" }): Scene {
  const student = model(engine, STUDENT, 1);
  const { channels, image } = STUDENT;
  const images = engine.takeBuffer(4 * BATCH * channels * image ** 2);
  const batch = { size: BATCH, images, labels: engine.takeBuffer(4 * BATCH) };
  return { engine, student, teacher: model(engine, TEACHER, 2), optimizer: new Optimizer(student.params, options), batch };
}

/** The images of step `t`: noise. */
export function pixelsOf(t: number): Float32Array<ArrayBuffer> {
  const { channels, image } = STUDENT;
  return Float32Array.from(randoms(BATCH * channels * image ** 2, 100 + t), (v) => 1.7 * v);
}

/** Puts the batch of step `t` in place, with labels that depend on nothing. */
export function loadBatch({ engine, batch }: Scene, t: number): void {
  const { classes } = STUDENT;
  const labels = Uint32Array.from({ length: batch.size }, (_, i) => Math.floor(uniform(3, 0, t, i) * classes));
  engine.device.queue.writeBuffer(batch.images, 0, pixelsOf(t));
  engine.device.queue.writeBuffer(batch.labels, 0, labels);
}

export function distillationOf({ teacher }: Scene, keep: KeepChoice): Distillation {
  return softLabels(teacher, keep, { lambda: 0.7, temperature: 2 });
}

/** The step of a scene, with a teacher or without. */
export function compileScene(scene: Scene, options: Omit<StepOptions, "student" | "batch"> = {}): Promise<Program> {
  return compileStep(scene.engine, (graph) => traceLosses(graph, { ...scene, ...options }), scene.optimizer);
}

export function model(engine: Engine, config: ViTConfig, seed: number): Model {
  return { params: new Params(engine, weightsOf(config, seed)), config };
}

/** Matrices large enough for attention to prefer some patches clearly: no other adapter's rounding changes a choice. */
function weightsOf(config: ViTConfig, seed: number): Weights {
  return new Map(
    [...vitShapes(config)].map(([name, shape], i) => {
      const count = shape.reduce((a, b) => a * b, 1);
      const scale = /token|pos_embed|bias/.test(name) ? 0.3 : Math.sqrt((3 * shape[0]) / count);
      const value = (v: number) => (/norm\d?\.weight$/.test(name) ? 1 + 0.3 * v : scale * v);
      return [name, { shape, data: Float32Array.from(randoms(count, 1000 * seed + i), value) }];
    }),
  );
}
