/** Group and batch normalisation of feature maps [B, H, W, C]; see shaders/groupnorm.wgsl and shaders/batchnorm.wgsl. */
import type { Gradients, RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";
import { shapeOfMap } from "./maps";
import { choice, ROWS, wantedGroups } from "./variants";

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
  const norm = { x, gamma, beta, options };
  check("groupNorm", norm);
  const { graph } = x;
  const y = graph.temp(x.shape, "f32", needsGrad(norm));
  const stats = graph.temp([x.shape[0], x.cols, 8]);
  launchGroups(norm, groups, "forward", { gamma, beta, stats, ...four("out", y) }, { KEEP: y.needsGrad });
  if (y.needsGrad)
    graph.record(y, (g, grads) => {
      const affine = affineOf(norm, grads, x.shape[0]);
      const backward = (previous?: RowGradient) => {
        const out = graph.temp(x.shape);
        const bind = { ...four("g", g), stats_in: stats, ...affine, ...four("out", out) };
        launchGroups(norm, groups, "backward", bind, { AFFINE: affine !== undefined }, previous);
        return out;
      };
      if (x.needsGrad) grads.add(x, backward);
      else backward();
    });
  return y;
}

/** Lanes of a workgroup where each normalises a group alone: few, so that even small batches make many workgroups. */
const FEW_LANES = 8;

function launchGroups(
  norm: Norm,
  groups: number,
  entry: string,
  bind: Record<string, Tensor>,
  constants: Record<string, boolean>,
  previous?: RowGradient,
): void {
  const { x } = norm;
  const GROUP = ROWS[choice(x.graph.engine).rows].group;
  const WORKGROUP = Math.max(GROUP, FEW_LANES);
  const group_cols = x.cols / groups;
  const common = shared(norm, bind, previous);
  x.graph.launch("groupnorm", entry, {
    constants: { GROUP, WORKGROUP, WIDE: group_cols % 4 === 0, ...common.constants, ...constants },
    bind: common.bind,
    params: { images: x.shape[0], pixels: x.rows / x.shape[0], group_cols, ...common.params },
    groups: Math.ceil((x.shape[0] * groups * GROUP) / WORKGROUP),
  });
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
  { mean, variance, training, momentum, ...options }: BatchNormOptions,
): Tensor {
  const norm = { x, gamma, beta, options };
  check("batchNorm", norm);
  const running = { running_mean: mean, running_variance: variance };
  return byChannel(norm, training ? measure(norm, { running, momentum }) : { mean, variance }, training);
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
  const norm = { x, options: { visible, eps: 1e-6 }, freedom: unbiased ? 1 : 0 };
  check("standardise", norm);
  return byChannel(norm, measure(norm, {}), true);
}

interface Statistics {
  /** [C], or measured [2, C] with the count behind. */
  mean: Tensor;
  variance: Tensor;
}

/** The batch's statistics; running ones are moved towards them. */
function measure(norm: Norm, { running, momentum = 0.1 }: { running?: Record<string, Tensor>; momentum?: number }): Statistics {
  const { x } = norm;
  const partial = x.graph.temp([partsOf(x), 3, x.cols]);
  const mean = x.graph.temp([2, x.cols]);
  const variance = x.graph.temp([x.cols]);
  launchBatch(norm, "moments", { partial_out: partial });
  const options = { constants: { TRACK: running !== undefined }, momentum, threads: x.cols };
  launchBatch(norm, "merge", { partial, mean_out: mean, variance_out: variance, ...running }, options);
  return { mean, variance };
}

/** x normalised by statistics of each channel, which depend on x when `measured`. */
function byChannel(norm: Norm, statistics: Statistics, measured: boolean): Tensor {
  const { x, gamma, beta } = norm;
  const { graph } = x;
  const y = graph.temp(x.shape, "f32", needsGrad(norm));
  const known = { ...statistics, ...(gamma && beta && { gamma, beta }) };
  launchBatch(norm, "forward", { ...known, ...four("out", y) });
  if (y.needsGrad)
    graph.record(y, (g, grads) => {
      const partial = graph.temp([partsOf(x), 2, x.cols]);
      const coefficients = graph.temp([5, x.cols]);
      const affine = affineOf(norm, grads, 1);
      const constants = { FROZEN: !measured, AFFINE: affine !== undefined };
      launchBatch(norm, "sums", { ...known, ...four("g", g), partial_out: partial });
      launchBatch(norm, "gather", { ...known, partial, coefficients_out: coefficients, ...affine }, { constants, threads: x.cols });
      grads.add(x, (previous) => {
        const out = graph.temp(x.shape);
        launchBatch(norm, "backward", { ...four("g", g), coefficients, ...four("out", out) }, { previous });
        return out;
      });
    });
  return y;
}

/** Lanes that share four channels: enough to fill the adapter, but at least 16 pixels for each and at most 512 to merge. */
function partsOf(x: Tensor): number {
  const lanes = Math.ceil((64 * wantedGroups(x.graph.engine)) / Math.ceil(x.cols / 4));
  return Math.max(1, Math.min(lanes, Math.ceil(x.rows / 16), 512));
}

interface BatchLaunch {
  constants?: Record<string, boolean>;
  previous?: RowGradient;
  momentum?: number;
  threads?: number;
}

function launchBatch(norm: Norm, entry: string, bind: Record<string, Tensor>, o: BatchLaunch = {}): void {
  const { x } = norm;
  const common = shared(norm, bind, o.previous);
  x.graph.launch("batchnorm", entry, {
    constants: { WIDE: x.cols % 4 === 0, STANDARD: !norm.gamma, ...common.constants, ...o.constants },
    bind: common.bind,
    params: { pixels: x.rows, parts: partsOf(x), momentum: o.momentum ?? 0, freedom: norm.freedom ?? 0, ...common.params },
    threads: o.threads ?? partsOf(x) * Math.ceil(x.cols / 4),
  });
}

interface Norm {
  x: Tensor;
  /** Absent when standardising. */
  gamma?: Tensor;
  beta?: Tensor;
  options: NormOptions;
  /** What the variance takes off the count. */
  freedom?: number;
}

const needsGrad = ({ x, gamma }: Norm) => x.needsGrad || (gamma?.needsGrad ?? false);

function check(op: string, { x, gamma, beta, options: { visible } }: Norm): void {
  shapeOfMap(op, x);
  for (const [name, t] of Object.entries({ gamma, beta }))
    if (t && t.size !== x.cols) throw new Error(`${op}: x is [${x.shape}], ${name} [${t.shape}]`);
  if (visible && (visible.shape.length !== 3 || visible.shape[0] !== x.shape[0]))
    throw new Error(`${op}: visible is [${visible.shape}] for x [${x.shape}]`);
}

/** Where the gradients of gamma and beta go, in so many parts; nowhere when they are frozen. */
function affineOf({ gamma, beta }: Norm, grads: Gradients, parts: number): { dgamma: Tensor; dbeta: Tensor } | undefined {
  return gamma?.needsGrad && beta ? { dgamma: grads.piece(gamma, parts), dbeta: grads.piece(beta, parts) } : undefined;
}

/** One tensor under both names a kernel may read it by. */
const four = (name: string, t: Tensor): Record<string, Tensor> => ({ [`${name}4`]: t, [`${name}1`]: t });

/** Parameters of both kinds of kernels. */
function shared({ x, options }: Norm, bind: Record<string, Tensor>, previous?: RowGradient) {
  const { relu = false, visible, eps = 1e-5 } = options;
  const [, height, width] = x.shape;
  const [, grid_h, grid_w] = visible?.shape ?? [0, 0, 0];
  const add = plus(previous);
  return {
    constants: { RELU: relu, VISIBLE: visible !== undefined, ...add.constants },
    bind: { ...four("x", x), ...bind, ...(visible && { visible }), ...add.bind },
    params: { cols: x.cols, height, width, grid_h, grid_w, eps, ...add.params },
  };
}
