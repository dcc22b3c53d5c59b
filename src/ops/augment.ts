/** Augmentation on the GPU; see shaders/augment.wgsl. Every draw is a function of seed, step and place in the batch. */
import type { Live, Tensor } from "../engine/graph";
import { randomScores } from "./select";

export interface Draws {
  seed: number;
  /** Fresh draws for each value. */
  step: Live | number;
}

/** Mean and standard deviation of each channel (one or three) by which values in 0..1 were normalised. */
export interface Moments {
  mean: readonly number[];
  std: readonly number[];
}

/** Tells the draws of each augmentation from other uses of the same seed; the rounds of RandAugment count on from theirs. */
const STREAM = { light: 0x300, mix: 0x301, window: 0x302, rounds: 0x310 };

/** Rounds of RandAugment (its N), as in DeiT's recipe. */
const ROUNDS = 2;

/**
 * Images [B, C, side, side], each shifted by up to an eighth of the side and mirrored at random. With `least` below 1 each is
 * also cropped to a random window of at least that share of its area, as wide as high by up to 4 : 3, and enlarged. No gradient.
 */
export function shiftAndMirror(images: Tensor, random: Draws, least: Live | number = 1): Tensor {
  const { graph, shape } = images;
  const draws = randomScores(graph, [shape[0], 3], { ...random, stream: STREAM.light });
  const windows = randomScores(graph, [shape[0], 4], { ...random, stream: STREAM.window });
  const out = graph.temp(shape);
  const params = { ...sizes(images), ...PLAIN, least };
  graph.launch("augment", "shift_and_mirror", { bind: { images, draws, windows, out }, params, threads: out.size });
  return out;
}

/**
 * RandAugment of normalised images [B, C, side, side]: in each of two rounds every image meets, half of the time, one of
 * shear, translation (each along x or y), rotation, brightness, contrast, saturation, posterize, solarize and cutout.
 * `magnitude` runs from 0, which changes nothing, to 10. No gradient. Throws for other than one or three channels.
 */
export function randAugment(images: Tensor, o: Draws & { magnitude: Live | number; moments: Moments }): Tensor {
  const channels = images.shape[1];
  if (channels !== 1 && channels !== 3) throw new Error(`randAugment: images have ${channels} channels, not 1 or 3`);
  const at = (values: readonly number[], i: number) => values[Math.min(i, channels - 1)];
  const { mean, std } = o.moments;
  const params = {
    ...{ ...sizes(images), least: 1, magnitude: o.magnitude },
    ...{ mean_0: at(mean, 0), mean_1: at(mean, 1), mean_2: at(mean, 2) },
    ...{ deviation_0: at(std, 0), deviation_1: at(std, 1), deviation_2: at(std, 2) },
  };
  let x = images;
  for (let round = 0; round < ROUNDS; round++) x = distort(x, { ...o, stream: STREAM.rounds + round }, params);
  return x;
}

function distort(images: Tensor, random: Draws & { stream: number }, params: Record<string, number | Live>): Tensor {
  const { graph } = images;
  const [batch, , side] = images.shape;
  const draws = randomScores(graph, [batch, 4], random);
  const row_greys = graph.temp([batch, side]);
  graph.launch("augment", "greys", { bind: { images, out: row_greys }, params, threads: row_greys.size });
  const out = graph.temp(images.shape);
  graph.launch("augment", "distort", { bind: { images, draws, row_greys, out }, params, threads: out.size });
  return out;
}

export interface MixOptions extends Draws {
  /** Parameter of the beta distribution that mixup, or cutmix, draws its share from; 0 turns it off. With both on, each image meets one. */
  mixup: Live | number;
  cutmix: Live | number;
  /** Label smoothing of the targets. */
  smoothing?: Live | number;
  classes: number;
}

/**
 * Mixes each of `images` [B, C, side, side] with image B - 1 - b: by weight (mixup) or a box (cutmix). The result's
 * `targets` [B, K] mix the smoothed `labels` u32 [B] by the same share and sum to 1; `plan` [B, 6] is what was drawn. No gradient.
 */
export function mixPairs(images: Tensor, labels: Tensor, o: MixOptions): { images: Tensor; targets: Tensor; plan: Tensor } {
  const { graph } = images;
  const [batch, channels, side] = images.shape;
  const { mixup, cutmix, smoothing = 0, classes } = o;
  const params = { batch, channels, side, classes, mixup, cutmix, smoothing };
  const draws = randomScores(graph, [batch, 5], { seed: o.seed, step: o.step, stream: STREAM.mix });
  const plan = graph.temp([batch, 6]);
  graph.launch("augment", "mix_plan", { bind: { draws, out: plan }, params, threads: batch });
  const mixed = graph.temp(images.shape);
  graph.launch("augment", "mix_images", { bind: { images, plan, out: mixed }, params, threads: mixed.size });
  const targets = graph.temp([batch, classes]);
  graph.launch("augment", "mix_targets", { bind: { labels, plan, out: targets }, params, threads: targets.size });
  return { images: mixed, targets, plan };
}

function sizes({ shape: [batch, channels, side] }: Tensor) {
  return { batch, channels, side, reach: Math.floor(side / 8) };
}

/** Parameters that only distortions read. */
const PLAIN = { magnitude: 0, mean_0: 0, mean_1: 0, mean_2: 0, deviation_0: 1, deviation_1: 1, deviation_2: 1 };
