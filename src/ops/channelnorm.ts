/** Group and batch normalisation of feature maps [B, H, W, C]; see shaders/channelnorm.wgsl. */
import type { Gradients, RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";
import { shapeOfMap } from "./maps";
import { wantedGroups } from "./variants";

export interface NormOptions {
  eps?: number;
  /** Apply ReLU to the result. */
  relu?: boolean;
  /** f32 [B, gh, gw] of 0 and 1: statistics count only pixels whose (nearest) cell holds 1. All pixels are normalised by them. */
  visible?: Tensor;
}

/**
 * y = (x - mean) / sqrt(var + eps) * gamma + beta, mean and variance over H, W and the C / groups channels of a group, for
 * each image. gamma and beta are parameters [C]. Throws when C is not a multiple of `groups`.
 *
 * Wu, He, "Group normalization", 2018.
 */
export function groupNorm(x: Tensor, gamma: Tensor, beta: Tensor, { groups, ...options }: NormOptions & { groups: number }): Tensor {
  if (x.cols % groups) throw new Error(`groupNorm: ${x.cols} channels in ${groups} groups`);
  const norm = normaliser("groupNorm", { x, affine: { gamma, beta }, images: x.shape[0], groupCols: x.cols / groups, options });
  measure(norm);
  return apply(norm);
}

export interface BatchNormOptions extends NormOptions {
  /** Running statistics, f32 [C]. Training moves them towards the batch's, anything else uses them. */
  mean: Tensor;
  variance: Tensor;
  training: boolean;
  /** Share of the batch's statistics in the new running ones. */
  momentum?: number;
}

/**
 * As `groupNorm`, but over batch, H and W for each channel. The running variance is the unbiased one, as in PyTorch. When not
 * training the running statistics stand in for the batch's and carry no gradient.
 *
 * Ioffe, Szegedy, "Batch normalization", 2015.
 */
export function batchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { mean, variance, training, momentum = 0.1, ...options }: BatchNormOptions,
): Tensor {
  const norm = normaliser("batchNorm", { x, affine: { gamma, beta }, images: 1, groupCols: 1, options, frozen: !training });
  const running = { running_mean: mean, running_variance: variance };
  if (training) {
    measure(norm);
    launch(norm, "track", x.cols, { stats1: norm.stats, ...running }, {}, { momentum });
  } else launch(norm, "frozen", x.cols, { old_mean: mean, old_variance: variance, gamma, beta, stats: norm.stats });
  return apply(norm);
}

export interface StandardiseOptions extends Pick<NormOptions, "visible"> {
  /** Divide squares by n - 1 (default) or by n. */
  unbiased?: boolean;
}

/**
 * (x - mean) / (std + 1e-6), over batch, H and W for each channel: no parameters, no running statistics. The gradient counts
 * that mean and std depend on x.
 *
 * Cao et al., "PKD", 2022: half the mean squared difference of two such maps is one minus Pearson's correlation.
 */
export function standardise(x: Tensor, { visible, unbiased = true }: StandardiseOptions = {}): Tensor {
  const options = { visible, eps: 1e-6 };
  const norm = normaliser("standardise", { x, images: 1, groupCols: 1, options, freedom: unbiased ? 1 : 0 });
  measure(norm);
  return apply(norm);
}

/** What is normalised and how; `images` maps have statistics of their own. */
interface Normalisation {
  x: Tensor;
  /** Absent when standardising. */
  affine?: { gamma: Tensor; beta: Tensor };
  images: number;
  groupCols: number;
  options: NormOptions;
  frozen?: boolean;
  freedom?: number;
}

interface Normaliser extends Normalisation {
  /** Lanes that share a channel of an image. */
  parts: number;
  /** [images, 5, C padded to fours]: mean, 1 / deviation, gamma, beta, count. */
  stats: Tensor;
}

function normaliser(op: string, o: Normalisation): Normaliser {
  shapeOfMap(op, o.x);
  for (const [name, t] of Object.entries(o.affine ?? {}))
    if (t.size !== o.x.cols) throw new Error(`${op}: x is [${o.x.shape}], ${name} [${t.shape}]`);
  const { visible } = o.options;
  if (visible && (visible.shape.length !== 3 || visible.shape[0] !== o.x.shape[0]))
    throw new Error(`${op}: visible is [${visible.shape}] for x [${o.x.shape}]`);
  return { ...o, parts: partsOf(o), stats: o.x.graph.temp([o.images, 5, padded(o.x)]) };
}

/** Enough lanes to fill the adapter, but at least 16 pixels for each and at most about a thousand numbers for `merge` to read. */
function partsOf({ x, images, groupCols }: Normalisation): number {
  const lanes = Math.ceil((64 * wantedGroups(x.graph.engine)) / (images * fours(x)));
  return Math.max(1, Math.min(lanes, Math.ceil(x.rows / images / 16), Math.ceil(1024 / groupCols)));
}

const fours = (x: Tensor) => Math.ceil(x.cols / 4);
const padded = (x: Tensor) => 4 * fours(x);

function measure(norm: Normaliser): void {
  const { x, affine, images, parts, stats, options } = norm;
  const partial = x.graph.temp([images, parts, 3, padded(x)]);
  const visible = options.visible && { visible: options.visible };
  launch(norm, "moments", lanes(norm), { x4: x, x1: x, partial_out: partial, ...visible });
  launch(norm, "merge", images * (x.cols / norm.groupCols), { partial, ...affine, stats });
}

function apply(norm: Normaliser): Tensor {
  const { x, affine, stats } = norm;
  const y = x.graph.temp(x.shape, "f32", x.needsGrad || (affine?.gamma.needsGrad ?? false));
  launch(norm, "forward", lanes(norm), { x4: x, x1: x, stats4: stats, out4: y, out1: y });
  if (y.needsGrad) x.graph.record(y, (g, grads) => backward(norm, g, grads));
  return y;
}

function backward(norm: Normaliser, g: Tensor, grads: Gradients): void {
  const { x, images, parts, stats, frozen } = norm;
  const { gamma, beta } = norm.affine ?? {};
  const partial = x.graph.temp([images, parts, 2, padded(x)]);
  const means = x.graph.temp([images, 2, padded(x)]);
  launch(norm, "sums", lanes(norm), { x4: x, x1: x, g4: g, g1: g, stats4: stats, partial_out: partial });
  const affine = gamma?.needsGrad && beta && { dgamma: grads.piece(gamma, 1), dbeta: grads.piece(beta, 1) };
  const threads = (frozen ? 0 : images * (x.cols / norm.groupCols)) + (affine ? x.cols : 0);
  launch(norm, "gather", threads, { partial, stats1: stats, means, ...(affine || undefined) }, { AFFINE: Boolean(affine) });
  grads.add(x, (previous) => inputGradient(norm, g, means, previous));
}

function inputGradient(norm: Normaliser, g: Tensor, means: Tensor, previous?: RowGradient): Tensor {
  const { x, stats, options } = norm;
  const out = x.graph.temp(x.shape);
  const add = plus(previous);
  const maps = { x4: x, x1: x, g4: g, g1: g, out4: out, out1: out };
  const bind = { ...maps, stats4: stats, means4: means, ...(options.visible && { visible: options.visible }), ...add.bind };
  launch(norm, "backward", lanes(norm), bind, add.constants, add.params);
  return out;
}

const lanes = ({ x, images, parts }: Normaliser) => images * parts * fours(x);

function launch(
  norm: Normaliser,
  entry: string,
  threads: number,
  bind: Record<string, Tensor>,
  constants: Record<string, boolean> = {},
  own: Record<string, number> = {},
): void {
  const { x, images, parts, groupCols, options, frozen = false, freedom = 0 } = norm;
  const { relu = false, visible, eps = 1e-5 } = options;
  const [, height, width] = x.shape;
  const [, grid_h, grid_w] = visible?.shape ?? [0, 0, 0];
  const sizes = { images, pixels: x.rows / images, cols: x.cols, parts, group_cols: groupCols };
  x.graph.launch("channelnorm", entry, {
    constants: { WIDE: x.cols % 4 === 0, RELU: relu, VISIBLE: visible !== undefined, FROZEN: frozen, STANDARD: !norm.affine, ...constants },
    bind,
    params: { ...sizes, height, width, grid_h, grid_w, ...plus().params, eps, momentum: 0, freedom, ...own },
    threads,
  });
}
