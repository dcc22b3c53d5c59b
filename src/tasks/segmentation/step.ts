/** One step of segmentation: the student's forward pass, its attention selects patches, the teacher's tokens on those, the losses. */
import type { Gradients, Graph, Live, Tensor } from "../../engine/graph";
import { type Choice, type PatchChoice, select } from "../../methods/masking";
import type { SegmentationMethod } from "../../methods/segmentation/method";
import type { Params } from "../../models/params";
import type { SegmenterConfig } from "../../models/segmenter/config";
import { pixelLogits, type SegmenterResult, segmenter, segmenterEncoder } from "../../models/segmenter/segmenter";
import { gridOf } from "../../models/vit/config";
import type { Loss } from "../../ops/losses";
import { pixelCrossEntropy } from "../../ops/segmentation";

/** A network on the GPU. */
export interface Model {
  params: Params;
  config: SegmenterConfig;
}

/** The batch every run of a step reads: overwrite the buffers between runs. */
export interface Batch {
  size: number;
  /** f32 [size, 3, side, side]. */
  images: GPUBuffer;
  /** u32 [size, side, side], 255 where no pixel counts. */
  labels: GPUBuffer;
}

/** A teacher, what it is shown, and how the student learns from it. */
export interface Distillation {
  teacher: Model;
  keep: PatchChoice;
  method: SegmentationMethod;
  /** The method's values; numbers that are live may change between any two steps. */
  knobs: Readonly<Record<string, Live | string>>;
}

export interface StepOptions {
  student: Model;
  batch: Batch;
  /** Without one, the student learns from the labels alone. */
  distillation?: Distillation;
  /** Whether the batch as it is learned from is an output too. */
  whole?: boolean;
}

/**
 * Records a step before its update. Returns the student's gradient and the outputs: `ce` [1] and, with a teacher, the losses of
 * its method; `score` [B, N] and `kept` u32 [B, k] where patches are selected; where the `whole` is wanted `images`, and `labels` u32.
 */
export function traceLosses(
  graph: Graph,
  { student, batch, distillation, whole = false }: StepOptions,
): { grads: Gradients; outputs: Record<string, Tensor> } {
  const { channels, image } = student.config.encoder;
  const images = graph.fixed(batch.images, [batch.size, channels, image, image]);
  const labels = graph.fixed(batch.labels, [batch.size * image * image], "u32");
  const seen = segmenter(student.params.on(graph, true), student.config, images);
  const pixels = pixelsOf(seen.logits, student.config);
  const ce = pixelCrossEntropy(pixels, labels);
  const losses: [name: string, Loss, weight: number | Live][] = [["ce", ce, 1]];
  const taught = distillation && distilled(distillation, images, seen, pixels);
  if (taught) losses.push(...taught.losses);
  const grads = graph.gradients((g) => {
    for (const [, loss, weight] of losses) loss.seed(weight, g);
  });
  const values = Object.fromEntries(losses.map(([name, loss]) => [name, loss.value]));
  return { grads, outputs: { ...values, ...taught?.choice, ...(whole && { images, labels }) } };
}

/** Logits of every pixel as rows, [B * S * S, K]. */
export function pixelsOf(logits: Tensor, config: SegmenterConfig): Tensor {
  const full = pixelLogits(logits, config);
  return full.reshape([full.rows, full.cols]);
}

/** The teacher's answer on what it is shown, and the method's losses, each with its weight. */
function distilled({ teacher, keep, method, knobs }: Distillation, images: Tensor, seen: SegmenterResult, pixels: Tensor) {
  const choice = choose({ teacher, keep, method, knobs }, images, seen);
  const params = teacher.params.on(images.graph, false);
  const whole = method.asksDecoder(knobs) && segmenter(params, teacher.config, images);
  const result = whole || segmenterEncoder(params, teacher.config, images, { kept: choice.kept, allTokens: true });
  const { losses } = method.losses({
    student: { result: seen, shared: choice.kept, pixels },
    teacher: { result, ...(whole && { pixels: pixelsOf(whole.logits, teacher.config) }) },
    random: keep.random ?? { seed: 0, step: 0 },
    knobs: knobs as never,
  });
  const weightOf = (name: string) => knobs[method.terms[name].weight] as Live;
  return { choice, losses: Object.entries(losses).map(([name, loss]): [string, Loss, Live] => [name, loss, weightOf(name)]) };
}

/** Which patches the teacher is shown; all of them where its decoder is used. */
export function choose({ teacher, keep, method, knobs }: Distillation, images: Tensor, seen: SegmenterResult): Choice {
  if (method.asksDecoder(knobs)) return {};
  return select(images.shape[0], seen, gridOf(teacher.config.encoder), keep);
}
