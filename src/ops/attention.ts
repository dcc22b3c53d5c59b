/** Fused multi-head attention and the saliency read from it. */
import type { AdapterFacts } from "../engine/device";
import type { Tensor } from "../engine/graph";
import type { Constants } from "../engine/wgsl";
import { ATTENTION, type AttentionVariant, choice } from "./variants";

export interface Heads {
  /** Tokens before the patches; 1, the class token, by default. */
  lead?: number;
  /** Tokens after the patches, such as detection tokens; none by default. */
  tail?: number;
  batch: number;
  heads: number;
  headDim: number;
  /** Of merged tokens: logarithms of how many each key stands for, [batch, keys]; attention is then proportional to them. No gradient. */
  logSizes?: Tensor;
}

/** What attention keeps so that its probabilities can be computed later; the matrix itself is never stored. */
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
/** Of kernels that split a head. */
const SPLIT_WORKGROUP = 64;

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
  const { logSizes } = heads;
  if (logSizes && (needsGrad || logSizes.size !== heads.batch * keys))
    throw new Error(`attention: sizes [${logSizes.shape}] for ${keys} keys, and no gradient goes with them`);
  for (const t of [q, kv])
    if (t.needsGrad && (t.stride !== t.cols || t.offset !== 0)) throw new Error("attention: gradients need q and kv without gaps");
  const out = graph.temp([q.rows, heads.heads * heads.headDim], q.dtype, needsGrad);
  const lse = graph.temp([heads.batch, heads.heads, queries]);
  const trace = { ...heads, q, kv, lse, queries, keys, columns };
  const variant = ATTENTION[choice(graph.engine).attentionForward];
  const sized = logSizes && { log_sizes: logSizes };
  launch(trace, "forward", { out4: out, out1: out, lse, ...sized }, { variant, count: queries, constants: { SIZES: sized !== undefined } });
  if (needsGrad) graph.record(out, (g, grads) => backward(trace, out, g, (t, d) => grads.alias(t, d)));
  return { out, trace };
}

function backward(trace: AttentionTrace, result: Tensor, g: Tensor, give: (t: Tensor, gradient: Tensor) => void): void {
  const { q, kv, lse } = trace;
  const { graph } = q;
  const dq = graph.temp(q.shape, q.dtype);
  const dkv = q === kv ? dq : graph.temp(kv.shape, kv.dtype);
  const delta = graph.temp(lse.shape);
  const variant = ATTENTION[choice(graph.engine).attentionBackward];
  const shared = { lse_in: lse, grad4: g, grad1: g };
  const ofResult = { result4: result, result1: result, delta };
  launch(trace, "backward_queries", { ...shared, ...ofResult, out4: dq, out1: dq }, { variant, count: trace.queries });
  launch(trace, "backward_keys", { ...shared, out4: dkv, out1: dkv, delta_in: delta }, { variant, count: trace.keys });
  give(q, dq);
  if (q !== kv) give(kv, dkv);
}

export interface SaliencyOptions {
  /** Attention paid by the class token (the paper's choice); by all tokens before the patches, by the patches or by those after them, averaged. */
  queries?: "cls" | "lead" | "patches" | "det";
  /** "code": softmax over class token and patches, then drop the class token. "eq2": softmax over the patches alone. */
  reading?: "code" | "eq2";
  /** Keep the heads apart: [batch, heads, patches]. */
  perHead?: boolean;
}

/** Mean attention each patch (the keys after the leading tokens and before those that follow) receives: [batch, patches]. No gradient (MaskedKD sends none through it). */
export function saliency(trace: AttentionTrace, { queries = "cls", reading = "code", perHead = false }: SaliencyOptions = {}): Tensor {
  const { q, batch, heads, keys, lead = 1, tail = 0 } = trace;
  const count = keys - lead - tail;
  if (trace.logSizes) throw new Error("merged tokens are no patches, so they have no saliency");
  if ((queries === "patches" || queries === "det") && trace.queries !== keys)
    throw new Error("saliency by patches, or by tokens after them, needs the attention of every token");
  const variant = queries === "cls" || queries === "lead" ? ATTENTION.lane : ATTENTION[choice(q.graph.engine).attentionBackward];
  const ranges = { cls: [0, 1], lead: [0, Math.min(lead, trace.queries)], patches: [lead, keys - tail], det: [keys - tail, keys] } as const;
  const [query_from, query_to] = ranges[queries];
  const range = { query_from, query_to };
  const lse_in = reading === "code" ? trace.lse : patchLse(trace, variant, range);
  const out = q.graph.temp(perHead ? [batch, heads, count] : [batch, count]);
  const pairs = perHead ? batch * heads : batch;
  launch(
    trace,
    "saliency",
    { lse_in, out1: out },
    { variant, count, pairs, range, constants: { PER_HEAD: perHead, LEAD: lead, TAIL: tail } },
  );
  return out;
}

/** Log sum exp of each query's scores of the patches alone, as `trace.lse` lies; only for the queries in `range`. */
function patchLse(trace: AttentionTrace, variant: AttentionVariant, range: QueryRange): Tensor {
  const lse = trace.q.graph.temp(trace.lse.shape);
  const constants = { LEAD: trace.lead ?? 1, TAIL: trace.tail ?? 0 };
  launch(trace, "patch_lse", { lse }, { variant, count: range.query_to - range.query_from, range, constants });
  return lse;
}

interface QueryRange {
  query_from: number;
  query_to: number;
}

interface LaunchOver {
  variant: AttentionVariant;
  /** Rows that lanes own, of each of so many pairs of image and head (all when absent). */
  count: number;
  pairs?: number;
  range?: QueryRange;
  constants?: Constants;
}

/** Of each kernel: products of the size of Q K^T that it takes at most, heads it holds for each row and loads, and whether there is a split one. */
const KERNELS = {
  forward: { products: 2, held: 2, loaded: 2, splits: true },
  backward_queries: { products: 3, held: 3, loaded: 3, splits: true },
  backward_keys: { products: 4, held: 4, loaded: 4, splits: true },
  patch_lse: { products: 1, held: 1, loaded: 1, splits: false },
  saliency: { products: 1, held: 1, loaded: 1, splits: false },
};
type Entry = keyof typeof KERNELS;

function launch(trace: AttentionTrace, entry: Entry, bind: Record<string, Tensor>, o: LaunchOver): void {
  const { q, kv, batch, heads, headDim } = trace;
  const { count, pairs = batch * heads } = o;
  const { variant, rows } = fitted(q.graph.engine.facts, entry, o.variant, count, headDim);
  const teams = pairs * Math.ceil(count / (variant.split ? rows : rows * variant.lanes));
  q.graph.launch("attention", variant.split ? `split_${entry}` : entry, {
    constants: { ...constantsOf(trace, variant, rows), ...o.constants },
    bind: { q4: q, q1: q, kv4: kv, kv1: kv, ...bind },
    params: { ...params(trace), ...o.range },
    groups: Math.ceil((teams * variant.lanes) / (variant.split ? SPLIT_WORKGROUP : WORKGROUP)),
    work: 2 * KERNELS[entry].products * batch * heads * trace.queries * trace.keys * headDim,
  });
}

/** vec4s of one operand a lane of a software adapter may hold: with heads of 64, twice as many run a fifth faster but compile six times longer. */
const MOST_HELD = 24;
/** Floats a lane of a GPU may hold: with more, many GPUs run fewer lanes at once, and from about 250 on they spill to memory. */
export const MOST_FLOATS = 144;
/** Floats beside heads that a row takes: its maximum, its sum, and scores. */
const BESIDE = 10;

/** A split kernel loads four rows at once, a vec4 of each, of two operands. */
const FOUR_ROWS = 16;

/** The variant and its rows per lane for heads so wide: fewer rows when there are too few to go round, or registers run out; at last a split head. */
export function fitted(
  facts: AdapterFacts,
  entry: Entry,
  variant: AttentionVariant,
  count: number,
  headDim: number,
): { variant: AttentionVariant; rows: number } {
  const { lanes, split, wide } = variant;
  const { held, loaded, splits } = KERNELS[entry];
  if (split && !splits) return fitted(facts, entry, ATTENTION[split === "registers" ? "quad1" : "lane"], count, headDim);
  const vectors = Math.ceil(headDim / 4);
  const most = (fits: number) => Math.max(1, Math.min(variant.rows, Math.ceil(count / (split ? 1 : lanes)), fits));
  if (facts.software && !split) return { variant, rows: most(Math.floor(MOST_HELD / vectors)) };
  const head = 4 * (split ? Math.ceil(vectors / lanes) : vectors);
  const besides = split ? 2 * FOUR_ROWS : loaded * head;
  const fits = Math.floor((MOST_FLOATS - besides) / (held * head + BESIDE));
  const wider = fits < 1 && splits ? wide.find((name) => ATTENTION[name].runs(facts)) : undefined;
  if (wider) return fitted(facts, entry, ATTENTION[wider], count, headDim);
  return { variant, rows: most(fits) };
}

function constantsOf({ headDim, columns, q, kv }: AttentionTrace, variant: AttentionVariant, rows: number): Constants {
  const fours = [headDim, q.stride, kv.stride, q.offset, kv.offset, columns.k, columns.v];
  return { ...kernelConstants(headDim, variant, rows), VEC: fours.every((n) => n % 4 === 0) };
}

/** Constants of a kernel of a variant for heads so wide. */
export function kernelConstants(headDim: number, { lanes, split }: AttentionVariant, rows: number): Constants {
  const vectors = Math.ceil(headDim / 4);
  return {
    QUAD: lanes === 4 && !split,
    LANES: lanes,
    ROWS: rows,
    HEAD: headDim,
    V4: vectors,
    WORKGROUP: split ? SPLIT_WORKGROUP : WORKGROUP,
    ...(split && { P4: Math.ceil(vectors / lanes), MEMORY: split === "memory" }),
  };
}

function params({ batch, heads, headDim, queries, keys, q, kv, columns }: AttentionTrace) {
  return {
    ...{ batch, heads, queries, keys, scale: 1 / Math.sqrt(headDim) },
    ...{ q_offset: q.offset + columns.q, q_stride: q.stride },
    ...{ k_offset: kv.offset + columns.k, k_stride: kv.stride, v_offset: kv.offset + columns.v, v_stride: kv.stride },
    ...{ query_from: 0, query_to: 1 },
  };
}
