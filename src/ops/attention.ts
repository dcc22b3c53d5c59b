/** Fused multi-head attention and the saliency read from it. */
import type { Tensor } from "../engine/graph";
import type { Constants } from "../engine/wgsl";
import { ATTENTION, type AttentionVariant, choice } from "./variants";

export interface Heads {
  batch: number;
  heads: number;
  headDim: number;
}

/** What attention leaves for whoever wants its probabilities later; the matrix itself is never stored. */
export interface AttentionTrace extends Heads {
  q: Tensor;
  kv: Tensor;
  lse: Tensor;
  queries: number;
  keys: number;
  columns: Columns;
}

/** First columns of queries, keys and values in their matrices. */
interface Columns {
  q: number;
  k: number;
  v: number;
}

const WORKGROUP = 32;

/** softmax(Q K^T / sqrt(headDim)) V for qkv [batch * tokens, 3 * inner], columns [q | k | v], heads side by side in each. */
export function selfAttention(qkv: Tensor, heads: Heads): { out: Tensor; trace: AttentionTrace } {
  const inner = heads.heads * heads.headDim;
  return attend(qkv, qkv, heads, { q: 0, k: inner, v: 2 * inner });
}

/** The same for queries [batch * queries, inner] and kv [batch * keys, 2 * inner], columns [k | v]. */
export function crossAttention(q: Tensor, kv: Tensor, heads: Heads): { out: Tensor; trace: AttentionTrace } {
  return attend(q, kv, heads, { q: 0, k: 0, v: heads.heads * heads.headDim });
}

function attend(q: Tensor, kv: Tensor, heads: Heads, columns: Columns): { out: Tensor; trace: AttentionTrace } {
  const { graph } = q;
  const queries = q.rows / heads.batch;
  const keys = kv.rows / heads.batch;
  const needsGrad = q.needsGrad || kv.needsGrad;
  for (const t of [q, kv])
    if (t.needsGrad && (t.stride !== t.cols || t.offset !== 0)) throw new Error("attention: gradients need q and kv without gaps");
  const out = graph.temp([q.rows, heads.heads * heads.headDim], "f32", needsGrad);
  const lse = graph.temp([heads.batch, heads.heads, queries]);
  const trace = { ...heads, q, kv, lse, queries, keys, columns };
  const variant = ATTENTION[choice(graph.engine).attentionForward];
  const rows = rowsPerLane(variant, queries, heads.headDim);
  graph.launch("attention", "forward", {
    constants: constantsOf(trace, variant, rows),
    bind: { q4: q, q1: q, kv4: kv, kv1: kv, out4: out, out1: out, lse },
    params: params(trace),
    groups: groupsOf(trace, variant, rows, queries),
  });
  if (needsGrad) graph.record(out, (g, grads) => backward(trace, out, g, (t, d) => grads.alias(t, d)));
  return { out, trace };
}

function backward(trace: AttentionTrace, result: Tensor, g: Tensor, give: (t: Tensor, gradient: Tensor) => void): void {
  const { q, kv, lse } = trace;
  const { graph } = q;
  const dq = graph.temp(q.shape);
  const dkv = q === kv ? dq : graph.temp(kv.shape);
  const delta = graph.temp(lse.shape);
  const variant = ATTENTION[choice(graph.engine).attentionBackward];
  const shared = { q4: q, q1: q, kv4: kv, kv1: kv, lse_in: lse, grad4: g, grad1: g };
  const launch = (entry: string, bind: Record<string, Tensor>, count: number) => {
    const rows = rowsPerLane(variant, count, trace.headDim);
    const groups = groupsOf(trace, variant, rows, count);
    graph.launch("attention", entry, {
      constants: constantsOf(trace, variant, rows),
      bind: { ...shared, ...bind },
      params: params(trace),
      groups,
    });
  };
  launch("backward_queries", { result4: result, result1: result, out4: dq, out1: dq, delta }, trace.queries);
  launch("backward_keys", { out4: dkv, out1: dkv, delta_in: delta }, trace.keys);
  give(q, dq);
  if (q !== kv) give(kv, dkv);
}

export interface SaliencyOptions {
  /** Attention paid by the class token (the paper's choice), or by the patches, averaged over them. */
  queries?: "cls" | "patches";
  /** "code": softmax over class token and patches, then drop the class token. "eq2": softmax over the patches alone. */
  reading?: "code" | "eq2";
  /** Keep the heads apart: [batch, heads, patches]. */
  perHead?: boolean;
}

/** Mean attention each patch (key 1, 2, ...) receives: [batch, patches]. No gradient (MaskedKD sends none through it). */
export function saliency(trace: AttentionTrace, { queries = "cls", reading = "code", perHead = false }: SaliencyOptions = {}): Tensor {
  const { q, kv, lse, batch, heads, keys } = trace;
  if (queries === "patches" && trace.queries !== keys) throw new Error("patch-to-patch saliency needs the attention of every token");
  const out = q.graph.temp(perHead ? [batch, heads, keys - 1] : [batch, keys - 1]);
  const variant = ATTENTION.lane;
  q.graph.launch("attention", "saliency", {
    constants: { ...constantsOf(trace, variant, 1), EQ2: reading === "eq2", PER_HEAD: perHead },
    bind: { q4: q, q1: q, kv4: kv, kv1: kv, lse_in: lse, out1: out },
    params: { ...params(trace), query_from: queries === "cls" ? 0 : 1, query_to: queries === "cls" ? 1 : keys },
    threads: out.size,
  });
  return out;
}

/** vec4s of one operand a lane may hold: with heads of 64, twice as many run a fifth faster but compile six times longer. */
const MOST_HELD = 24;

/** Fewer rows per lane when there are too few to go round, or when heads are so wide that registers run out. */
function rowsPerLane({ lanes, rows }: AttentionVariant, count: number, headDim: number): number {
  const held = Math.floor(MOST_HELD / Math.ceil(headDim / 4));
  return Math.max(1, Math.min(rows, Math.ceil(count / lanes), held));
}

function constantsOf({ headDim, columns, q, kv }: AttentionTrace, { lanes }: AttentionVariant, rows: number): Constants {
  const fours = [headDim, q.stride, kv.stride, q.offset, kv.offset, columns.k, columns.v];
  return {
    QUAD: lanes === 4,
    LANES: lanes,
    ROWS: rows,
    HEAD: headDim,
    V4: Math.ceil(headDim / 4),
    VEC: fours.every((n) => n % 4 === 0),
  };
}

function groupsOf({ batch, heads }: AttentionTrace, { lanes }: AttentionVariant, rows: number, count: number): number {
  return Math.ceil((batch * heads * Math.ceil(count / (rows * lanes)) * lanes) / WORKGROUP);
}

function params({ batch, heads, headDim, queries, keys, q, kv, columns }: AttentionTrace) {
  return {
    ...{ batch, heads, queries, keys, scale: 1 / Math.sqrt(headDim) },
    ...{ q_offset: q.offset + columns.q, q_stride: q.stride },
    ...{ k_offset: kv.offset + columns.k, k_stride: kv.stride, v_offset: kv.offset + columns.v, v_stride: kv.stride },
    ...{ query_from: 0, query_to: 1 },
  };
}
