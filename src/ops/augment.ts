/** Augmentation on the GPU; see shaders/augment.wgsl and shaders/crop.wgsl. Every draw is a function of seed, step and place in the batch. */
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

/** Keeps the draws of each augmentation apart from other uses of the same seed; the rounds of RandAugment count on from theirs. */
const STREAM = { light: 0x300, mix: 0x301, window: 0x302, crop: 0x303, erase: 0x304, noise: 0x305, rounds: 0x310 };

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

/** Draws of a window of shaders/crop.wgsl: where, whether, and ten attempts at its area and shape. */
const WINDOW_DRAWS = 23;

export interface CropOptions extends Draws {
  /** Least and greatest share of the area that a crop shows. */
  least?: Live | number;
  most?: Live | number;
  /** How much wider than high, or higher than wide, a crop may be. */
  shape?: number;
  /** Pixels along an edge of the result; those of the images by default. */
  side?: number;
  /** Crops of each image, which follow each other crop by crop. */
  copies?: number;
  /** Keeps crops of one step apart. */
  stream?: number;
}

/**
 * torchvision's RandomResizedCrop of images [B, C, side, side], and a mirror half of the time: the usual light augmentation of
 * ImageNet. A window of whole pixels is resized bilinearly; images are not shifted. [copies * B, C, side', side']. No gradient.
 */
export function randomResizedCrop(images: Tensor, { least = 0.08, most = 1, shape = 4 / 3, ...o }: CropOptions): Tensor {
  const [batch, channels, own] = images.shape;
  const { seed, step, stream = STREAM.crop, side = own, copies = 1 } = o;
  const window = { least, most, shape, probability: 1 };
  const size = [copies * batch, channels, side, side];
  return throughWindow(images, ["crop_plan", "resized_crop"], { seed, step, stream }, window, { size });
}

export interface EraseOptions extends Draws {
  /** Share of the images that lose a rectangle. */
  probability?: Live | number;
}

/**
 * Random erasing as DeiT has it (timm's mode "pixel"): a rectangle of 0.02 to 1/3 of the area and of 3:10 to 10:3 becomes
 * standard normal noise. For images [B, C, side, side] that are normalised already, and last of all. No gradient.
 */
export function randomErasing(images: Tensor, { probability = 0.25, ...random }: EraseOptions): Tensor {
  const noise = randomScores(images.graph, [2 * Math.ceil(images.size / 2)], { ...random, stream: STREAM.noise });
  const params = { least: 0.02, most: 1 / 3, shape: 10 / 3, probability };
  return throughWindow(images, ["erase_plan", "erase"], { ...random, stream: STREAM.erase }, params, { bind: { noise } });
}

function throughWindow(
  images: Tensor,
  [planning, drawing]: [string, string],
  random: Draws & { stream: number },
  window: Record<"least" | "most" | "shape" | "probability", Live | number>,
  { bind = {}, size = images.shape }: { bind?: Record<string, Tensor>; size?: readonly number[] } = {},
): Tensor {
  const { graph, shape } = images;
  const [count, channels, side] = shape;
  const [batch, , out_side] = size;
  const params = { batch, count, channels, side, out_side, ...window };
  const draws = randomScores(graph, [batch, WINDOW_DRAWS], random);
  const plan = graph.temp([batch, 5]);
  graph.launch("crop", planning, { bind: { draws, out: plan }, params, threads: batch });
  const out = graph.temp(size);
  graph.launch("crop", drawing, { bind: { images, plan, out, ...bind }, params, threads: out.size });
  return out;
}

export interface RandAugmentOptions extends Draws {
  /** From 0, which changes nothing, to 10. */
  magnitude: Live | number;
  moments: Moments;
  /**
   * "basic" chooses among shear and translation (each along x or y), rotation, brightness, contrast, saturation, posterize,
   * solarize and cutout. "full" is timm's "rand-m9-mstd0.5-inc1": no cutout, but auto-contrast, equalize, invert, adding below
   * the middle, and sharpness; posterize takes four bits more; and each image's magnitude strays by 0.5.
   */
  operations?: "basic" | "full";
}

/**
 * RandAugment of normalised images [B, C, side, side]: in each of two rounds every image gets, half of the time, one of the
 * operations. No gradient. Throws for other than one or three channels.
 */
export function randAugment(images: Tensor, o: RandAugmentOptions): Tensor {
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
  for (let round = 0; round < ROUNDS; round++) x = distort(x, { ...o, stream: STREAM.rounds + round }, params, o.operations === "full");
  return x;
}

function distort(images: Tensor, random: Draws & { stream: number }, params: Record<string, number | Live>, FULL: boolean): Tensor {
  const { graph } = images;
  const [batch, channels, side] = images.shape;
  const DRAWS = FULL ? 6 : 4;
  const draws = randomScores(graph, [batch, DRAWS], random);
  const row_greys = graph.temp([batch, side]);
  graph.launch("augment", "greys", { bind: { images, out: row_greys }, params, threads: row_greys.size });
  const plane_tones = FULL ? graph.temp([batch * channels, TONES]) : undefined;
  if (plane_tones) graph.launch("augment", "tones", { bind: { images, out: plane_tones }, params, groups: batch * channels });
  const out = graph.temp(images.shape);
  const bind = { images, draws, row_greys, out, ...(plane_tones && { plane_tones }) };
  graph.launch("augment", "distort", { constants: { FULL, DRAWS }, bind, params, threads: out.size });
  return out;
}

/** Of a plane: the new level of each of 256, the least and the greatest. */
const TONES = 258;

export interface MixOptions extends Draws {
  /** Parameter of the beta distribution that mixup, or cutmix, draws its share from; 0 turns it off. With both on, each image gets one. */
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
