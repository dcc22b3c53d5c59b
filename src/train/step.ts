/** THE main path: one training step, recorded once and replayed. */
import type { Engine } from "../engine/device";
import { type Gradients, Graph, type Live, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { ask, choose, type KeepChoice, look } from "../methods/maskedkd";
import type { Params } from "../models/params";
import { vit } from "../models/vit";
import type { ViTConfig } from "../models/vit.config";
import { type Moments, mixPairs, randAugment, shiftAndMirror } from "../ops/augment";
import { crossEntropy, distillation, type Loss, type Truth } from "../ops/losses";
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
  augment?: Augmentation;
}

/** How a step changes its images, by draws that move on with `step`. */
export interface Augmentation {
  seed: number;
  step: Live;
  /** Smallest share of an image's area that is cropped and enlarged; 1 crops nothing. */
  crop?: number | Live;
  /** After shift, mirror and crop, the only ones without it: RandAugment of this magnitude, mixup and cutmix of these parameters. */
  heavy?: { magnitude: number | Live; mixup: number | Live; cutmix: number | Live; moments: Moments };
}

/**
 * Records one update: the student looks, chooses the patches worth showing, the teacher answers on those, the student
 * learns. The program's outputs: `ce` and, with a lesson, `kd` [1], `logits` and `teacherLogits` [B, K], `score` [B, N],
 * `kept` u32 [B, k]; `targets` [B, K] where images are mixed; `clip` [2], the gradient's scale and norm, when the optimizer clips.
 */
export function compileStep(engine: Engine, options: StepOptions): Promise<Program> {
  const graph = new Graph(engine);
  const { grads, outputs } = traceLosses(graph, options);
  const clip = options.optimizer.update(grads);
  return Program.compile(graph, { ...outputs, ...(clip && { clip }) });
}

/** The part of a step before the update: its losses, what led to them, and the student's gradient. */
export function traceLosses(graph: Graph, options: Omit<StepOptions, "optimizer">): { grads: Gradients; outputs: Record<string, Tensor> } {
  const { student, lesson } = options;
  const { images, truth } = prepared(graph, options);
  const { seen, answer, ...choice } = lesson ? taught(student, lesson, images) : { seen: look(on(student, graph, true), images) };
  const ce = crossEntropy(seen.logits, truth);
  const losses: [Loss, number | Live][] = [[ce, 1]];
  const outputs: Record<string, Tensor> = { ce: ce.value, logits: seen.logits, ...("targets" in truth && truth), ...choice };
  if (lesson && answer) {
    const kd = distillation(seen.logits, answer.logits, lesson.temperature);
    losses.push([kd, lesson.weight]);
    Object.assign(outputs, { kd: kd.value, teacherLogits: answer.logits });
  }
  const grads = graph.gradients((g) => {
    for (const [loss, weight] of losses) loss.seed(weight, g);
  });
  return { grads, outputs };
}

/** The student looks, its attention chooses, the teacher answers on what was chosen. */
function taught(student: Model, { teacher, keep }: Lesson, images: Tensor) {
  const { graph } = images;
  if (keep.masked === "student") return taughtFromPart(student, teacher, keep, images);
  const seen = look(on(student, graph, true), images, keep);
  const choice = choose({ student, teacher }, images, seen, keep);
  return { seen, answer: ask(teacher, images, choice.kept), ...choice };
}

/** The other way round: the teacher sees everything, the student learns from what was chosen. */
function taughtFromPart(student: Model, teacher: Model, keep: KeepChoice, images: Tensor) {
  const { graph } = images;
  const whole = look(on(student, graph, false), images, keep);
  const choice = choose({ student, teacher }, images, whole, keep);
  const { params, config } = on(student, graph, true);
  return { seen: vit(params, config, images, { kept: choice.kept }), answer: ask(teacher, images), ...choice };
}

const on = ({ params, config }: Model, graph: Graph, trainable: boolean) => ({ params: params.on(graph, trainable), config });

/** The batch as it is learnt from: augmented images, and labels or the mixtures of them. */
function prepared(graph: Graph, { student, batch, augment, smoothing }: Omit<StepOptions, "optimizer">): { images: Tensor; truth: Truth } {
  const { channels, image, classes } = student.config;
  const loaded = graph.fixed(batch.images, [batch.size, channels, image, image]);
  const labels = graph.fixed(batch.labels, [batch.size], "u32");
  const images = augment ? shiftAndMirror(loaded, augment, augment.crop) : loaded;
  if (!augment?.heavy) return { images, truth: { labels, smoothing } };
  const { seed, step, heavy } = augment;
  const distorted = randAugment(images, { seed, step, ...heavy });
  const mixed = mixPairs(distorted, labels, { seed, step, ...heavy, smoothing, classes });
  return { images: mixed.images, truth: { targets: mixed.targets } };
}
