/** THE main path: one training step, recorded once and replayed. */
import type { Engine } from "../../engine/device";
import { type Gradients, Graph, type Live, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { type Base, baseLoss } from "../../methods/classification/base";
import { ask, type Choice, choose, type KeepChoice, look } from "../../methods/classification/maskedkd";
import type { Params } from "../../models/params";
import type { ViTConfig } from "../../models/vit/config";
import { type ViTResult, vit } from "../../models/vit/model";
import { type Moments, mixPairs, randAugment, shiftAndMirror } from "../../ops/augment";
import { crossEntropy, distillation, type Loss, type Truth } from "../../ops/losses";
import type { Optimizer } from "../../train/optimizer";

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
  /** A loss beside those two, and its weight beta. */
  base?: { kind: Base; weight: number | Live };
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
 * `kept` u32 [B, k]; `base` [1] with a base loss; `targets` [B, K] where images are mixed; `clip` [2], the gradient's scale and
 * norm, when the optimizer clips.
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
  const lessons = lesson && taught(student, lesson, images);
  const seen = lessons?.seen ?? look(on(student, graph, true), images);
  const ce = crossEntropy(seen.logits, truth);
  const losses: [Loss, number | Live][] = [[ce, 1]];
  const outputs: Record<string, Tensor> = { ce: ce.value, logits: seen.logits, ...("targets" in truth && truth) };
  if (lesson && lessons) {
    const kd = distillation(seen.logits, lessons.answer.logits, lesson.temperature);
    losses.push([kd, lesson.weight]);
    Object.assign(outputs, { kd: kd.value, teacherLogits: lessons.answer.logits, ...lessons.choice });
  }
  if (lesson?.base && lessons) {
    const base = baseOf(lesson.base.kind, lesson.keep, lessons);
    losses.push([base, lesson.base.weight]);
    outputs.base = base.value;
  }
  const grads = graph.gradients((g) => {
    for (const [loss, weight] of losses) loss.seed(weight, g);
  });
  return { grads, outputs };
}

/** What student and teacher made of the images, and the patches that one of them was shown. */
interface Lessons {
  seen: ViTResult;
  answer: ViTResult;
  choice: Choice;
}

/** The student looks, its attention chooses, the teacher answers on what was chosen. */
function taught(student: Model, lesson: Lesson, images: Tensor): Lessons {
  const { teacher, keep, base } = lesson;
  if (keep.masked === "student") return taughtFromPart(student, lesson, images);
  const allTokens = base?.kind === "manifold";
  const seen = look(on(student, images.graph, true), images, keep, allTokens);
  const choice = choose({ student, teacher }, images, seen, keep);
  return { seen, answer: ask(teacher, images, choice.kept, allTokens), choice };
}

/** The other way round: the teacher sees everything, the student learns from what was chosen. */
function taughtFromPart(student: Model, { teacher, keep, base }: Lesson, images: Tensor): Lessons {
  const allTokens = base?.kind === "manifold";
  const whole = look(on(student, images.graph, false), images, keep);
  const choice = choose({ student, teacher }, images, whole, keep);
  const { params, config } = on(student, images.graph, true);
  const seen = vit(params, config, images, { kept: choice.kept, allTokens });
  return { seen, answer: ask(teacher, images, undefined, allTokens), choice };
}

/** The base loss, at the tokens that both saw. */
function baseOf(kind: Base, { masked, random = { seed: 0, step: 0 } }: KeepChoice, { seen, answer, choice: { kept } }: Lessons): Loss {
  const [student, teacher] = masked === "student" ? [undefined, kept] : [kept, undefined];
  return baseLoss(kind, { result: seen, shared: student }, { result: answer, shared: teacher }, random);
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
