/** Attention whose matrix is stored, for heads that talk to each other; see shaders/talking.wgsl. */
import type { RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";

/** How rows of all images and heads lie in a matrix [batch * tokens, heads * headDim]. */
export interface HeadLayout {
  batch: number;
  heads: number;
  headDim: number;
}

interface Operands {
  left?: Tensor;
  right?: Tensor;
  weights?: Tensor;
}

/** Rows of `left` and `right` of an image, heads and their width. */
interface Sizes extends HeadLayout {
  n: number;
  m: number;
}

type Entry = "pairs" | "sums" | "turned" | "swap";

/** Side of the tile of results that a lane computes. */
const TILE = 4;

/** How the results of a kernel fall into tiles, [rows, columns], of lanes that are so many. */
function tiled(entry: Entry, { batch, n, m, heads, headDim }: Sizes, results: number): { tile: [number, number]; threads: number } {
  const side = (count: number) => (count < TILE ? 1 : TILE);
  const across = (count: number, by: number) => Math.ceil(count / by);
  if (entry === "swap") return { tile: [1, 1], threads: results };
  if (entry === "pairs") {
    const tile: [number, number] = [side(n), side(m)];
    return { tile, threads: batch * heads * across(n, tile[0]) * across(m, tile[1]) };
  }
  const rows = entry === "sums" ? n : m;
  const tile: [number, number] = [side(rows), headDim % TILE ? 1 : TILE];
  return { tile, threads: (batch * across(rows, tile[0]) * heads * headDim) / tile[1] };
}

function launch(entry: Entry, operands: Operands, sizes: Sizes, scale: number, out: Tensor, previous?: RowGradient): Tensor {
  const { batch, n, m, heads, headDim } = sizes;
  const { constants, bind, params } = plus(previous);
  const { left, right } = operands;
  const none = { offset: 0, stride: 0 } as Tensor;
  const places = { ...place("left", left ?? none), ...place("right", right ?? none) };
  const bound = Object.fromEntries(Object.entries(operands).filter(([, tensor]) => tensor));
  const { tile, threads } = tiled(entry, sizes, out.size);
  out.graph.launch("talking", entry === "turned" ? "sums" : entry, {
    constants: { ...constants, TURNED: entry === "turned", ROWS: tile[0], COLS: tile[1], TILE: tile[0] * tile[1] },
    bind: { ...bind, ...bound, out },
    params: { batch, n, m, heads, head: headDim, scale, ...places, ...params, cols: out.cols },
    threads,
    ...(entry !== "swap" && { work: 2 * batch * heads * n * m * headDim }),
  });
  return out;
}

function sizesOf(op: string, left: Tensor, right: Tensor, o: HeadLayout): Sizes {
  const [n, m] = [left.rows / o.batch, right.rows / o.batch];
  if (left.cols !== o.heads * o.headDim || right.cols !== left.cols || !Number.isInteger(n) || !Number.isInteger(m))
    throw new Error(`${op}: [${left.shape}] and [${right.shape}] for ${o.batch} images, ${o.heads} heads of ${o.headDim}`);
  return { ...o, n, m };
}

/** q . k / sqrt(headDim) of each pair and head, [batch * n, m, heads], for q [batch * n, inner] and k [batch * m, inner]. */
export function headScores(q: Tensor, k: Tensor, o: HeadLayout): Tensor {
  const sizes = sizesOf("headScores", q, k, o);
  const scale = 1 / Math.sqrt(o.headDim);
  const { graph } = q;
  const temp = (like: Tensor) => graph.temp(like.shape);
  const scores = graph.temp([q.rows, sizes.m, o.heads], "f32", q.needsGrad || k.needsGrad);
  launch("pairs", { left: q, right: k }, sizes, scale, scores);
  if (scores.needsGrad)
    graph.record(scores, (g, grads) => {
      grads.add(q, (previous) => launch("sums", { weights: g, right: k }, sizes, scale, temp(q), previous));
      grads.add(k, (previous) => launch("turned", { weights: g, right: q }, sizes, scale, temp(k), previous));
    });
  return scores;
}

/** Values summed up by weights [batch * n, m, heads]: [batch * n, inner], for values [batch * m, inner]. */
export function headSums(weights: Tensor, values: Tensor, o: HeadLayout): Tensor {
  const m = values.rows / o.batch;
  const [rows, keys, heads] = weights.shape;
  if (keys !== m || heads !== o.heads) throw new Error(`headSums: weights [${weights.shape}] for values [${values.shape}]`);
  const { graph } = weights;
  const sizes: Sizes = { ...o, n: rows / o.batch, m };
  const out = graph.temp([rows, values.cols], "f32", weights.needsGrad || values.needsGrad);
  launch("sums", { weights, right: values }, sizes, 1, out);
  if (out.needsGrad)
    graph.record(out, (g, grads) => {
      grads.add(weights, (previous) => launch("pairs", { left: g, right: values }, sizes, 1, graph.temp(weights.shape), previous));
      grads.add(values, (previous) => launch("turned", { weights, right: g }, sizes, 1, graph.temp(values.shape), previous));
    });
  return out;
}

/** x [.., n, m] -> [.., m, n]. */
export function swapLast(x: Tensor): Tensor {
  const [n, m] = x.shape.slice(-2);
  if (x.shape.length < 2 || x.stride !== m || x.offset !== 0) throw new Error(`swapLast: x is [${x.shape}], or has gaps`);
  const { graph } = x;
  const out = graph.temp([...x.shape.slice(0, -2), m, n], "f32", x.needsGrad);
  const sizes = { batch: x.size / (n * m), n, m, heads: 0, headDim: 0 };
  launch("swap", { left: x }, sizes, 1, out);
  const back = { ...sizes, n: m, m: n };
  if (x.needsGrad)
    graph.record(out, (g, grads) => grads.add(x, (previous) => launch("swap", { left: g }, back, 1, graph.temp(x.shape), previous)));
  return out;
}
