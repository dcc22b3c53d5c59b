/** THE main path: one training step, recorded once and replayed. */
import type { Engine } from "../engine/device";
import { type Gradients, Graph, type Live, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { type KeepChoice, maskedTeacher } from "../methods/maskedkd";
import type { Params } from "../models/params";
import { vit } from "../models/vit";
import type { ViTConfig } from "../models/vit.config";
import { shiftAndMirror } from "../ops/augment";
import { crossEntropy, distillation, type Loss } from "../ops/losses";
import type { Optimizer } from "./optimizer";

/** A network on the GPU. */
export interface Model {
  params: Params;
  config: ViTConfig;
}

/** The batch every run of a step reads: overwrite the buffers between runs. */
export interface Batch {
  size: number;
  /** f32 [size, channels, image, image]. */
  images: GPUBuffer;
  /** u32 [size]. */
  labels: GPUBuffer;
}

/** A teacher and how it is asked. Numbers that are `Live` may change between any two steps. */
export interface Lesson {
  teacher: Model;
  keep: KeepChoice;
  /** tau of the soft labels. */
  temperature: number | Live;
  /** lambda, the weight of the distillation loss beside cross entropy. */
  weight: number | Live;
}

export interface StepOptions {
  student: Model;
  optimizer: Optimizer;
  batch: Batch;
  /** Without one, the student learns from the labels alone. */
  lesson?: Lesson;
  smoothing?: number | Live;
  /** Shift and mirror the images, by draws that move on with `step`. */
  augment?: { seed: number; step: Live };
}

/**
 * Records one update: the student looks, chooses the patches worth showing, the teacher answers on those, the student
 * learns. The program's outputs: `ce` and, with a lesson, `kd` [1], `logits` and `teacherLogits` [B, K], `score` [B, N],
 * `kept` u32 [B, k]; `clip` [2], the gradient's scale and norm, when the optimizer clips.
 */
export function compileStep(engine: Engine, options: StepOptions): Promise<Program> {
  const graph = new Graph(engine);
  const { grads, outputs } = traceLosses(graph, options);
  const clip = options.optimizer.update(grads);
  return Program.compile(graph, { ...outputs, ...(clip && { clip }) });
}

/** The part of a step before the update: its losses, what led to them, and the student's gradient. */
export function traceLosses(graph: Graph, options: Omit<StepOptions, "optimizer">): { grads: Gradients; outputs: Record<string, Tensor> } {
  const { student, batch, lesson } = options;
  const { channels, image } = student.config;
  const loaded = graph.fixed(batch.images, [batch.size, channels, image, image]);
  const images = options.augment ? shiftAndMirror(loaded, options.augment) : loaded;
  const labels = graph.fixed(batch.labels, [batch.size], "u32");
  const seen = vit(student.params.on(graph, true), student.config, images, { allTokens: lesson?.keep.queries === "patches" });
  const ce = crossEntropy(seen.logits, { labels, smoothing: options.smoothing });
  const losses: [Loss, number | Live][] = [[ce, 1]];
  const outputs: Record<string, Tensor> = { ce: ce.value, logits: seen.logits };
  if (lesson) {
    const { logits, kept, score } = maskedTeacher(lesson.teacher, images, seen.attention[seen.attention.length - 1], lesson.keep);
    const kd = distillation(seen.logits, logits, lesson.temperature);
    losses.push([kd, lesson.weight]);
    Object.assign(outputs, { kd: kd.value, teacherLogits: logits, ...(kept && { kept }), ...(score && { score }) });
  }
  const grads = graph.gradients((g) => {
    for (const [loss, weight] of losses) loss.seed(weight, g);
  });
  return { grads, outputs };
}
