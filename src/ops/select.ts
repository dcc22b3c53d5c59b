/**
 * Choosing tokens: which rows score highest, the rows themselves, and the gradient back to where they came from. See
 * shaders/select.wgsl. No gradient flows through a choice (MaskedKD sends none through its scores).
 */

import { type Graph, type Live, type RowGradient, Tensor } from "../engine/graph";
import { uniform } from "../engine/random";
import { place, plus } from "./accumulate";

/** Rank 0 is the highest score, or with "bottom" the lowest. NaN ranks with the worst either way. */
export interface TopkOptions {
  order?: "top" | "bottom";
}

/**
 * Indices u32 [B, k] of the k first of each row of `scores` [B, N], in order of rank; ties go to the lower index.
 * k = 0 gives an empty tensor. Throws when k is no integer from 0 to N.
 */
export function topk(scores: Tensor, k: number, { order = "top" }: TopkOptions = {}): Tensor {
  const { graph, rows: batch, cols: rows } = scores;
  if (scores.shape.length !== 2 || scores.dtype !== "f32") throw new Error(`topk: scores are ${scores.dtype} [${scores.shape}]`);
  if (!Number.isInteger(k) || k < 0 || k > rows) throw new Error(`topk: cannot keep ${k} of ${rows}`);
  const chosen = graph.temp([batch, k], "u32");
  if (k === 0) return chosen;
  graph.launch("select", "topk", {
    bind: { scores, chosen },
    params: { ...NONE, batch, rows, k, ...place("x", scores), flip: order === "top" ? 0 : SIGN_BIT },
    threads: batch * rows,
  });
  return chosen;
}

const SIGN_BIT = 0x80000000;
/** Parameters that an entry point does not read. */
const NONE = { k: 0, cols: 0, index_offset: 0, index_stride: 0, flip: 0, share: 0, ...plus().params };

export interface RandomOptions {
  seed: number;
  /** Keeps the uses of one seed apart. */
  stream: number;
  /** Fresh numbers for each value; `Live` to change it between runs. */
  step: Live | number;
}

/** Uniform numbers in [0, 1) of that shape: `uniform(seed, stream, step, i)` of engine/random.ts, bit for bit. */
export function randomScores(graph: Graph, shape: readonly number[], { seed, stream, step }: RandomOptions): Tensor {
  const out = graph.temp(shape);
  graph.launch("random", "uniform_fill", { bind: { out }, params: { count: out.size, seed, stream, step }, threads: out.size });
  return out;
}

/**
 * Scores for a partly random choice: `topk` of them gives the `highest` first of each row of `scores` [B, N], and after them
 * the others in the order of their `draws` [B, N] in [0, 1). `highest` may be live: it changes no launch.
 */
export function promote(scores: Tensor, draws: Tensor, highest: number | Live): Tensor {
  const { graph, rows: batch, cols: rows } = scores;
  if (draws.size !== scores.size) throw new Error(`promote: scores are [${scores.shape}], draws [${draws.shape}]`);
  const out = graph.temp([batch, rows]);
  graph.launch("select", "promote", {
    bind: { scores, source: draws, out },
    params: { ...NONE, batch, rows, k: highest, ...place("x", scores) },
    threads: out.size,
  });
  return out;
}

/** Zeros at the round(share * N) highest of each row of `scores` [B, N], ones elsewhere. `share` may be live: it changes no launch. */
export function hide(scores: Tensor, share: number | Live): Tensor {
  const { graph, rows: batch, cols: rows } = scores;
  const out = graph.temp(scores.shape);
  const params = { ...NONE, batch, rows, ...place("x", scores), share };
  graph.launch("select", "hide", { bind: { scores, out }, params, threads: out.size });
  return out;
}

/** `hide(randomScores(..), share)` of [batch, rows] on the CPU, bit for bit: for what must be known before the GPU draws it. */
export function hidden([batch, rows]: readonly [number, number], share: number, random: Draw): Uint8Array<ArrayBuffer> {
  const { seed, stream, step } = random;
  const count = Math.floor(Math.fround(Math.fround(Math.fround(share) * rows) + 0.5));
  const out = new Uint8Array(batch * rows).fill(1);
  for (let b = 0; b < batch; b++) {
    const draws = Float64Array.from({ length: rows }, (_, i) => uniform(seed, stream, step, b * rows + i));
    const order = [...draws.keys()].sort((i, j) => draws[j] - draws[i] || i - j);
    for (const i of order.slice(0, count)) out[b * rows + i] = 0;
  }
  return out;
}

type Draw = RandomOptions & { step: number };

export interface GatherOptions {
  /** Row 0 of each image (the class token) comes along; `index` then counts from the row after it. */
  keepFirst?: boolean;
}

/**
 * The rows of x [B, N, D] that `index` u32 [B, k] names, as [B, k, D]; with `keepFirst`, x is [B, 1 + N, D] and the result
 * [B, 1 + k, D]. An index may name a row twice. Throws when the shapes disagree; indices are not checked against N.
 */
export function gather(x: Tensor, index: Tensor, { keepFirst = false }: GatherOptions = {}): Tensor {
  const [batch, all, cols] = x.shape;
  const [images, k] = index.shape;
  if (x.shape.length !== 3 || index.shape.length !== 2 || index.dtype !== "u32" || images !== batch)
    throw new Error(`gather: x is [${x.shape}], index is ${index.dtype} [${index.shape}]`);
  const first = Number(keepFirst);
  const out = x.graph.temp([batch, first + k, cols], x.dtype, x.needsGrad);
  const sizes = { batch, rows: all - first, k, cols, ...place("index", index) };
  if (out.size > 0)
    x.graph.launch("select", "gather", {
      constants: { KEEP: keepFirst },
      bind: { source: x, index, out },
      params: { ...NONE, ...sizes, ...place("x", x) },
      threads: out.size,
    });
  if (x.needsGrad) x.graph.record(out, (g, grads) => grads.add(x, (previous) => gatherGradient(x, index, g, sizes, keepFirst, previous)));
  return out;
}

/** Columns per lane in the kernel; see SLAB there. */
const SLAB = 32;

function gatherGradient(x: Tensor, index: Tensor, g: Tensor, sizes: Record<string, number>, KEEP: boolean, previous?: RowGradient): Tensor {
  const out = x.graph.temp(x.shape, x.dtype);
  const { constants, bind, params } = plus(previous);
  x.graph.launch("select", "gather_gradient", {
    constants: { ...constants, KEEP, SLAB },
    bind: { ...bind, source: g, index, out },
    params: { ...NONE, ...sizes, ...params, ...place("x", g) },
    threads: x.rows * Math.ceil(x.cols / SLAB),
  });
  return out;
}

/**
 * Rows 0, every, 2 every, ... of x seen as a matrix: the class tokens of [B * T, D] with every = T. A view, no launch.
 * Its gradient keeps the gaps, so an op that adds to it may skip the rows between.
 */
export function everyRow(x: Tensor, every: number): Tensor {
  const rows = Math.ceil(x.rows / every);
  const view = new Tensor(x.graph, x.storage, [rows, x.cols], x.dtype, x.needsGrad, x.offset, x.stride * every);
  if (x.needsGrad) x.graph.record(view, (g, grads) => grads.addRows(x, g, every));
  return view;
}
