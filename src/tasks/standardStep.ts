/**
 * A step on made-up images that is the same everywhere: what verifications and measurements of an adapter run. A student learns
 * from a teacher that sees the patches the student attends to.
 */
import type { Engine } from "../engine/device";
import type { Gradients, Graph, Tensor } from "../engine/graph";
import { Params } from "../models/params";
import { initViT, type ViTConfig } from "../models/vit/config";
import { softLabels } from "./classification/softLabels";
import { type Model, traceLosses } from "./classification/step";

export interface StandardStep {
  params: Params;
  trace(graph: Graph): { grads: Gradients; outputs: Record<string, Tensor> };
  /** Of what a run of the step returns: all of it, or cross-entropy plus weighted divergence. */
  loss(fetched: Readonly<Record<string, ArrayLike<number>>>): number;
  /** Gives the memory of networks and images back. */
  destroy(): void;
}

/** A step that can be made, of so many images. */
export interface Workload {
  batch: number;
  make(engine: Engine): StandardStep;
}

export interface StandardOptions {
  student: ViTConfig;
  /** Without one, the student learns from labels alone. */
  teacher?: ViTConfig;
  batch: number;
  /** Patches the teacher sees, and the weight and the temperature of what it says. */
  keep?: number;
  /** Drop what the student's blocks keep for their gradients, and make it again there. */
  recompute?: boolean;
  lambda?: number;
  temperature?: number;
}

/** A plain ViT of heads as wide as DeiT's, or as `heads` says. */
export function plainViT(o: {
  image: number;
  patch: number;
  classes: number;
  width: number;
  depth: number;
  heads?: number;
  mlp?: number;
}): ViTConfig {
  const heads = o.heads ?? o.width / 64;
  return {
    ...{ image: o.image, patch: o.patch, channels: 3, classes: o.classes, width: o.width, depth: o.depth },
    ...{ heads, headDim: o.width / heads, mlp: o.mlp ?? 4 * o.width },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  };
}

/** The step of docs/results.md: images of 32 pixels, student 64 wide and 4 deep, teacher 128 and 6, half of 64 patches, batches of 32. */
export const STANDARD: StandardOptions = {
  student: plainViT({ image: 32, patch: 4, classes: 10, width: 64, depth: 4, heads: 4 }),
  teacher: plainViT({ image: 32, patch: 4, classes: 10, width: 128, depth: 6, heads: 4 }),
  ...{ batch: 32, keep: 32 },
};

/** The images that every step sees, [batch, channels, side, side]. */
export const standardImages = ({ batch, student: { channels, image } }: StandardOptions): Float32Array =>
  Float32Array.from({ length: batch * channels * image ** 2 }, (_, i) => Math.sin(0.37 * i) + Math.cos(0.011 * i));

export const workload = (options: StandardOptions): Workload => ({
  batch: options.batch,
  make: (engine) => standardStep(engine, options),
});

export function standardStep(engine: Engine, o: StandardOptions): StandardStep {
  const network = (config: ViTConfig, seed: number): Model => ({ params: new Params(engine, initViT(config, seed)), config });
  const { image, classes } = o.student;
  const student = network(o.student, 1);
  const teacher = o.teacher && network(o.teacher, 2);
  const images = standardImages(o);
  const labels = Uint32Array.from({ length: o.batch }, (_, i) => i % classes);
  const batch = { size: o.batch, images: engine.takeBuffer(images.byteLength), labels: engine.takeBuffer(labels.byteLength) };
  engine.device.queue.writeBuffer(batch.images, 0, images);
  engine.device.queue.writeBuffer(batch.labels, 0, labels);
  const { keep = (image / o.student.patch) ** 2, lambda = 1, temperature = 1 } = o;
  const distillation = teacher && softLabels(teacher, { k: keep }, { lambda, temperature });
  return {
    params: student.params,
    trace: (graph) => traceLosses(graph, { student, batch, distillation, recompute: o.recompute }),
    loss: ({ ce, kd }) => ce[0] + (kd ? lambda * kd[0] : 0),
    destroy() {
      for (const buffer of [batch.images, batch.labels]) engine.giveBuffer(buffer);
      for (const model of [student, teacher]) model?.params.destroy();
    },
  };
}
