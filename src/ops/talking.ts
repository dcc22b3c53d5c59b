/** Attention whose matrix is stored, for heads that talk to each other; see shaders/talking.wgsl. */
import type { Gradients, RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";
import { wantedGroups } from "./variants";

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

const WORKGROUP = 64;
/** Rows of the result that a lane computes at most, and columns that lanes of a team compute together. */
const MOST_ROWS = 4;
const COLUMNS = 8;

const fours = (count: number) => Math.ceil(count / 4);

/** Whether parts of heads that begin at multiples of `headDim` can be read by fours. */
const readByFours = (x: Tensor | undefined, headDim: number) =>
  x !== undefined && [x.offset, x.stride, headDim].every((count) => count % 4 === 0);

function parameters({ batch, n, m, heads }: Omit<Sizes, "headDim">, scale: number, { left, right }: Operands, previous?: RowGradient) {
  const none = { offset: 0, stride: 0 } as Tensor;
  return { batch, n, m, heads, scale, ...place("left", left ?? none), ...place("right", right ?? none), ...plus(previous).params, part: 1 };
}

/** Whether a tensor is all of its memory, as weights are read. */
const isDense = ({ stride, cols, offset }: Tensor): boolean => stride === cols && offset === 0;

type Entry = "pairs" | "sums" | "turned";

function launch(entry: Entry, operands: Operands, sizes: Sizes, scale: number, out: Tensor, previous?: RowGradient): Tensor {
  const { batch, n, m, heads, headDim } = sizes;
  const { left, right, weights } = operands;
  const { constants, bind } = plus(previous);
  const QUAD = out.graph.engine.facts.subgroup >= 4;
  const lanes = QUAD ? 4 : 1;
  const V4 = fours(headDim);
  const rows = entry === "turned" ? m : n;
  const ROWS = entry === "turned" ? MOST_ROWS : Math.min(MOST_ROWS, Math.ceil(rows / lanes));
  const across = entry === "pairs" ? Math.ceil(m / COLUMNS) : 1;
  out.graph.launch("talking", entry === "pairs" ? "pairs" : "sums", {
    constants: {
      ...{ ...constants, TURNED: entry === "turned", QUAD, ROWS, HEAD: headDim, V4, WORKGROUP },
      TILE: ROWS * (entry === "pairs" ? COLUMNS / 4 : V4),
      ...{ LEFT_VEC: readByFours(left, headDim), RIGHT_VEC: readByFours(right, headDim), WEIGHTS_VEC: m % 4 === 0 },
    },
    bind: {
      ...{ ...bind, out },
      ...(left && { left4: left, left1: left }),
      ...(right && { right4: right, right1: right }),
      ...(weights && { weights4: weights, weights1: weights }),
    },
    params: { ...parameters(sizes, scale, operands, previous), cols: out.cols },
    threads: batch * heads * Math.ceil(rows / (ROWS * lanes)) * across * lanes,
    work: 2 * batch * heads * n * m * headDim,
  });
  return out;
}

function sizesOf(op: string, left: Tensor, right: Tensor, o: HeadLayout): Sizes {
  const [n, m] = [left.rows / o.batch, right.rows / o.batch];
  if (left.cols !== o.heads * o.headDim || right.cols !== left.cols || !Number.isInteger(n) || !Number.isInteger(m))
    throw new Error(`${op}: [${left.shape}] and [${right.shape}] for ${o.batch} images, ${o.heads} heads of ${o.headDim}`);
  return { ...o, n, m };
}

/** q . k / sqrt(headDim) of each pair and head, [batch * n, heads, m], for q [batch * n, inner] and k [batch * m, inner]. */
export function headScores(q: Tensor, k: Tensor, o: HeadLayout): Tensor {
  const sizes = sizesOf("headScores", q, k, o);
  const scale = 1 / Math.sqrt(o.headDim);
  const { graph } = q;
  const temp = (like: Tensor) => graph.temp(like.shape);
  const scores = graph.temp([q.rows, o.heads, sizes.m], "f32", q.needsGrad || k.needsGrad);
  launch("pairs", { left: q, right: k }, sizes, scale, scores);
  if (scores.needsGrad)
    graph.record(scores, (g, grads) => {
      grads.add(q, (previous) => launch("sums", { weights: g, right: k }, sizes, scale, temp(q), previous));
      grads.add(k, (previous) => launch("turned", { weights: g, right: q }, sizes, scale, temp(k), previous));
    });
  return scores;
}

/** Values summed up by weights [batch * n, heads, m]: [batch * n, inner], for values [batch * m, inner]. */
export function headSums(weights: Tensor, values: Tensor, o: HeadLayout): Tensor {
  const m = values.rows / o.batch;
  const [rows, heads, keys] = weights.shape;
  if (keys !== m || heads !== o.heads || !isDense(weights))
    throw new Error(`headSums: weights [${weights.shape}], which may have no gaps, for values [${values.shape}]`);
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

/** Each head of x [rows, heads, m] as a sum of all heads, by the parameters `mixing` [heads, heads] and `bias` [heads]. */
export function talk(x: Tensor, mixing: Tensor, bias: Tensor): Tensor {
  const [rows, heads, m] = x.shape;
  if (x.shape.length !== 3 || !isDense(x) || mixing.size !== heads ** 2 || bias.size !== heads)
    throw new Error(`talk: x is [${x.shape}], which may have no gaps; weights are [${mixing.shape}]`);
  const { graph } = x;
  const needsGrad = [x, mixing, bias].some((t) => t.needsGrad);
  const constants = { HEADS: heads, WEIGHTS_VEC: m % 4 === 0, WORKGROUP };
  const sizes = { batch: rows, n: 1, m, heads };
  const mixed = (of: Tensor, TURNED: boolean, out: Tensor, previous?: RowGradient) => {
    const { constants: add, bind } = plus(previous);
    graph.launch("talking", "talk", {
      constants: { ...constants, ...add, TURNED },
      bind: { ...bind, weights4: of, weights1: of, mixing, ...(!TURNED && { bias }), out },
      params: { ...parameters(sizes, 1, {}, previous), cols: m },
      threads: rows * fours(m),
      work: 2 * x.size * heads,
    });
    return out;
  };
  const y = mixed(x, false, graph.temp(x.shape, "f32", needsGrad));
  if (needsGrad)
    graph.record(y, (g, grads) => {
      grads.add(x, (previous) => mixed(g, true, graph.temp(x.shape), previous));
      if (mixing.needsGrad) weightGradient({ x, mixing, bias }, g, grads);
    });
  return y;
}

/** Lanes that sum the weights' gradient over a part of the rows: so many for each workgroup that an adapter wants. */
const LANES = 8;

function weightGradient({ x, mixing, bias }: Record<"x" | "mixing" | "bias", Tensor>, g: Tensor, grads: Gradients): void {
  const [rows, heads, m] = x.shape;
  const AT_ONCE = heads % 4 === 0 ? 4 : 1;
  const lanes = heads / AT_ONCE;
  const part = Math.ceil(rows / Math.max(1, Math.ceil((LANES * wantedGroups(x.graph.engine)) / lanes)));
  const parts = Math.ceil(rows / part);
  x.graph.launch("talking", "talk_weights", {
    constants: { HEADS: heads, WEIGHTS_VEC: m % 4 === 0, AT_ONCE, SUMS: AT_ONCE * heads, WORKGROUP },
    bind: { weights4: x, weights1: x, g4: g, g1: g, out: grads.piece(mixing, parts), sums_out: grads.piece(bias, parts) },
    params: { ...parameters({ batch: rows, n: 1, m, heads }, 1, {}), cols: heads, part },
    threads: parts * lanes,
    work: 2 * x.size * heads,
  });
}
