/**
 * A spatial pyramid over feature maps [B, H, W, C]: what attends to what, region by region, and what is erased. See
 * shaders/regions.wgsl.
 *
 * `sides` lists the levels of the pyramid by their cells per side, such as [1, 2, 4]; together they have R = sum of side^2
 * regions, numbered level by level, row by row. Numbers per region are [B, R, ..]. Maps that differ between the Y levels are
 * stacked in front of the batch, [Y, B, H, W, ..]: level 0's batch first.
 */
import type { Live, RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";
import { lanesPerRow } from "./variants";

export type Sides = readonly number[];

/** Levels a pyramid may have: what the kernels have parameters for. */
const MOST = 3;

export const regionCount = (sides: Sides): number => sides.reduce((sum, side) => sum + side * side, 0);

/** The levels whose cells are two pixels or more each way on such a map: a cell of one pixel attends to itself alone. */
export function usable(sides: Sides, [height, width]: readonly number[]): number[] {
  return sides.filter((side) => height >= 2 * side && width >= 2 * side);
}

/** Row and column ranges [top, left, bottom, right] of every region, ends exclusive, in the order of their numbers. */
export function regionsOf(sides: Sides, [height, width]: readonly number[]): [top: number, left: number, bottom: number, right: number][] {
  const edge = (i: number, side: number, length: number) => Math.floor((i * length) / side);
  return sides.flatMap((side) =>
    Array.from({ length: side * side }, (_, cell) => {
      const [row, column] = [Math.floor(cell / side), cell % side];
      const [top, left] = [edge(row, side, height), edge(column, side, width)];
      return [top, left, edge(row + 1, side, height), edge(column + 1, side, width)] as [number, number, number, number];
    }),
  );
}

/** The three readings of phi in Eq. 1, which the paper leaves open: nothing, mean 1 in each region, or FGD's n softmax. */
export type Phi = "identity" | "mean" | "softmax";

export interface AttentionOptions {
  tau: number | Live;
  /** "mean" by default. */
  phi?: Phi;
  /** Measures ||F_p||^2 in units of its mean over the image: strong features do not drive the sigmoid to 1 everywhere. */
  relative?: boolean;
}

/**
 * SAMKD Eq. 1 for a map [B, H, W, C]: A^s [Y, B, H, W] = phi(sigmoid(||F_p||^2 / (tau C))) within each region. "softmax" is
 * FGD's reading, n softmax(mean_c |F_p| / tau), of features as they are. No gradient: masks are made of it.
 */
export function spatialAttention(x: Tensor, sides: Sides, { tau, phi = "mean", relative = false }: AttentionOptions): Tensor {
  if (phi === "softmax") return normalised(x, pixelScores(x, tau, { ABS: true }), sides, { SOFTMAX: true, MEAN: false });
  const scores = relative ? squashed(x, relativeScores(x), tau) : pixelScores(x, tau);
  return normalised(x, scores, sides, { SOFTMAX: false, MEAN: phi === "mean" });
}

/** ||F_p||^2 of every pixel over its mean in the image. */
function relativeScores(x: Tensor): Tensor {
  return normalised(x, pixelScores(x, 1, { RAW: true }), [1], { SOFTMAX: false, MEAN: true });
}

/** phi of the scores of x's pixels, [Y, B, H, W]. */
function normalised(x: Tensor, scores: Tensor, sides: Sides, constants: Record<"SOFTMAX" | "MEAN", boolean>): Tensor {
  const [batch, height, width] = x.shape;
  const out = x.graph.temp([sides.length, batch, height, width]);
  const lanes = lanesPerRow(x.graph.engine, height * width);
  x.graph.launch("regions", "normalise", {
    constants: { ...constants, GROUP: lanes, SIDE: Math.sqrt(lanes) },
    bind: { x: scores, out },
    params: pyramid(x, sides),
    threads: lanes * batch * regionCount(sides),
  });
  return out;
}

/** sigmoid(v / tau) of numbers that were made of x. */
function squashed(x: Tensor, v: Tensor, tau: number | Live): Tensor {
  const out = x.graph.temp(v.shape);
  const params = { ...pyramid(x, []), count: v.size, tau };
  x.graph.launch("regions", "squash", { bind: { x: v, out }, params, threads: v.size });
  return out;
}

/** SAMKD Eq. 2: A^c [B, R, C] = sigmoid(mean / tau) of every channel in every region. No gradient. */
export function channelAttention(x: Tensor, sides: Sides, tau: number | Live): Tensor {
  return squashed(x, regionMeans(x.detach(), sides), tau);
}

/** Eq. 3 and 4: 0 where a >= omega (what is attended to is erased), else 1; with "below", 0 where a < omega. No gradient. */
export function eraseMask(a: Tensor, omega: number | Live, erased: "attended" | "below" = "attended"): Tensor {
  const out = a.graph.temp(a.shape);
  const params = { ...NOTHING, count: a.size, omega };
  a.graph.launch("regions", "threshold", { constants: { BELOW: erased === "below" }, bind: { x: a, out }, params, threads: a.size });
  return out;
}

/** FGD's attention of pixels before its softmax: mean over channels of |x| / tau, [B, H, W]. */
export function absolutePixelMeans(x: Tensor, tau: number | Live): Tensor {
  const out = pixelScores(x, tau, { ABS: true });
  const { graph } = x;
  if (!x.needsGrad) return out;
  graph.record(out, (g, grads) =>
    grads.add(x, (previous) => gradient(x, "pixel_scores_gradient", { ABS: true }, { x, g }, { ...pyramid(x, []), tau }, previous)),
  );
  return out;
}

function pixelScores(x: Tensor, tau: number | Live, { ABS = false, RAW = false } = {}): Tensor {
  const { graph } = x;
  const [batch, height, width] = x.shape;
  const out = graph.temp([batch, height, width], "f32", ABS && x.needsGrad);
  graph.launch("regions", "pixel_scores", {
    constants: { ABS, RAW },
    bind: { x, out },
    params: { ...pyramid(x, []), tau },
    threads: out.size,
  });
  return out;
}

export interface MeanOptions {
  /** Of |x|. */
  absolute?: boolean;
  /** What x is divided by. */
  tau?: number | Live;
}

/** Mean of x over the pixels of every region: [B, R, C] (Eq. 9 and 10 for logits). */
export function regionMeans(x: Tensor, sides: Sides, { absolute = false, tau = 1 }: MeanOptions = {}): Tensor {
  const { graph } = x;
  const constants = { ABS: absolute };
  const params = { ...pyramid(x, sides), x_offset: x.offset, tau };
  const out = graph.temp([x.shape[0], regionCount(sides), x.cols], "f32", x.needsGrad);
  graph.launch("regions", "means", { constants, bind: { x, out }, params, threads: out.size });
  if (x.needsGrad)
    graph.record(out, (g, grads) =>
      grads.add(x, (previous) => gradient(x, "means_gradient", constants, { ...(absolute && { x }), g }, params, previous)),
    );
  return out;
}

/**
 * Eq. 5 and 6: x [B, H, W, C] with pixels erased by a mask [Y, B, H, W], or with each region's channels erased by a mask
 * [B, R, C]; once per level of the pyramid, [Y, B, H, W, C]. The gradient is erased alike; none reaches the mask.
 */
export function erase(x: Tensor, mask: Tensor, sides: Sides): Tensor {
  const { graph } = x;
  const [batch, height, width, cols] = x.shape;
  const CHANNELS = mask.shape.length === 3;
  const wanted = CHANNELS ? [batch, regionCount(sides), cols] : [sides.length, batch, height, width];
  if (String(mask.shape) !== String(wanted)) throw new Error(`erase: the mask is [${mask.shape}], not [${wanted}]`);
  const params = pyramid(x, sides);
  const out = graph.temp([sides.length, ...x.shape], "f32", x.needsGrad);
  graph.launch("regions", "erase", { constants: { CHANNELS }, bind: { x, mask, out }, params, threads: out.size });
  if (x.needsGrad)
    graph.record(out, (g, grads) => grads.add(x, (previous) => gradient(x, "erase_gradient", { CHANNELS }, { g, mask }, params, previous)));
  return out;
}

/**
 * Moves the cells of stacked maps [Y, B, H, W, C] apart by a row and a column of zeros, so that a 3x3 convolution sees zeros
 * beyond every cell's border as it would if cells were cut out: [Y, B, H + s, W + s, C], s + 1 = cells per side of the
 * finest level. `closeSeams` undoes it, and is its gradient.
 */
export function openSeams(x: Tensor, sides: Sides): Tensor {
  return moveSeams(x, sides, x.shape.slice(1), "open_seams");
}

/** The cells of maps [Y, B, H + s, W + s, C] side by side again: [Y, B, H, W, C]. Values in the seams are dropped. */
export function closeSeams(x: Tensor, sides: Sides): Tensor {
  const [, batch, height, width, cols] = x.shape;
  return moveSeams(x, sides, [batch, height - seams(sides), width - seams(sides), cols], "close_seams");
}

const seams = (sides: Sides) => Math.max(...sides) - 1;
const BACK = { open_seams: "close_seams", close_seams: "open_seams" } as const;

function moveSeams(x: Tensor, sides: Sides, closed: readonly number[], entry: keyof typeof BACK): Tensor {
  const { graph } = x;
  const [batch, height, width, cols] = closed;
  const gap = seams(sides);
  const params = { ...pyramid({ shape: closed, cols }, sides), gap };
  const opened = entry === "open_seams" ? gap : 0;
  const out = graph.temp([sides.length, batch, height + opened, width + opened, cols], "f32", x.needsGrad);
  graph.launch("regions", entry, { constants: { ADD: false }, bind: { x, out }, params, threads: out.size });
  if (x.needsGrad) graph.record(out, (g, grads) => grads.add(x, (previous) => gradient(x, BACK[entry], {}, { x: g }, params, previous)));
  return out;
}

type Params = Record<string, number | Live>;

function gradient(
  x: Tensor,
  entry: string,
  constants: Record<string, boolean>,
  bind: Record<string, Tensor>,
  params: Params,
  previous?: RowGradient,
): Tensor {
  const out = x.graph.temp(x.shape);
  const add = plus(previous);
  x.graph.launch("regions", entry, {
    constants: { ...constants, ...add.constants },
    bind: { ...bind, ...add.bind, out },
    params: { ...params, ...add.params },
    threads: out.size,
  });
  return out;
}

/** Parameters of an entry point that has no use for them. */
const NOTHING = {
  ...{ batch: 0, height: 0, width: 0, cols: 0, levels: 0, side0: 0, side1: 0, side2: 0, regions: 0, x_offset: 0, gap: 0, count: 0 },
  ...{ tau: 1, omega: 0, ...plus().params },
};

function pyramid({ shape, cols }: Pick<Tensor, "shape" | "cols">, sides: Sides) {
  const [batch, height, width] = shape;
  if (shape.length !== 4) throw new Error(`regions: a map is [B, H, W, C], not [${shape}]`);
  if (sides.length > MOST || sides.some((side) => side < 1 || side > Math.min(height, width)))
    throw new Error(`regions: ${sides} cells per side do not fit a map of ${height} x ${width}, or are more than ${MOST} levels`);
  const [side0 = 0, side1 = 0, side2 = 0] = sides;
  return { ...NOTHING, batch, height, width, cols, levels: sides.length, side0, side1, side2, regions: regionCount(sides) };
}
