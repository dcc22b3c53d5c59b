/** Merging tokens that are alike, as a frozen network may; see shaders/tome.wgsl. No gradient flows through it. */
import type { Tensor } from "../engine/graph";
import { place } from "./accumulate";
import type { AttentionTrace } from "./attention";
import { topk } from "./select";

/** How many tokens each token stands for: f32 [batch, tokens], and the logarithms, which proportional attention adds to scores. */
export interface Sizes {
  sizes: Tensor;
  logs: Tensor;
}

/** How many of `tokens` are merged when r are to be: half at most of those that may be, the first `lead` left out. */
export const mergeable = (tokens: number, r: number, lead = 1): number => Math.min(r, Math.floor((tokens - lead) / 2));

/**
 * Merges r tokens (at most what `mergeable` says) of each image of x [batch * tokens, D], chosen by the keys of the attention
 * before it. Each result is the mean of what it is made of, weighted by `before`, the sizes so far (1 when absent). Tokens at
 * even places come first, those at odd places after them, but leading tokens stay where they are. Throws where a gradient
 * is wanted.
 */
export function mergeTokens(x: Tensor, trace: AttentionTrace, r: number, before?: Sizes): { x: Tensor } & Sizes {
  const { graph, cols } = x;
  const { kv, batch, heads, headDim, keys: tokens, columns, lead = 1 } = trace;
  if (x.needsGrad || x.rows !== batch * tokens) throw new Error(`mergeTokens: x is [${x.shape}] for ${batch} images of ${tokens}`);
  const merged = mergeable(tokens, r, lead);
  const params = {
    ...{ batch, tokens, merged, heads, head: headDim, cols, k_offset: kv.offset + columns.k, k_stride: kv.stride, ...place("x", x) },
  };
  const constants = { LEAD: lead, SIZED: before !== undefined };
  const launch = (entry: string, bind: Record<string, Tensor>, threads: number) =>
    graph.launch("tome", entry, { constants, bind, params, threads });
  const [evens, left] = [Math.ceil(tokens / 2), tokens - merged];
  const sized = before && { sizes: before.sizes };

  const unit = graph.temp([batch * tokens, headDim]);
  launch("metric", { keys: kv, unit }, unit.rows);
  const [best, partner] = [graph.temp([batch, evens]), graph.temp([batch, evens], "u32")];
  launch("matching", { metric_in: unit, best, partner }, best.size);
  const to = graph.temp([batch, tokens], "u32");
  launch("place", { chosen: topk(best, merged), partner_in: partner, to }, to.size);
  const out = graph.temp([batch * left, cols], x.dtype);
  launch("merge", { x, to_in: to, out, ...sized }, out.rows * Math.ceil(cols / SLAB));
  const [sizes, logs] = [graph.temp([batch, left]), graph.temp([batch, left])];
  launch("resize", { to_in: to, out: sizes, logs, ...sized }, sizes.size);
  return { x: out, sizes, logs };
}

/** Columns per lane in the kernel; see SLAB there. */
const SLAB = 32;

/** Mean of the tokens after the first `lead` of each image of x [batch * tokens, D], weighted by their sizes: [batch, D]. No gradient. */
export function sizeMean(x: Tensor, { sizes }: Sizes, lead = 1): Tensor {
  const [batch, tokens] = sizes.shape;
  if (x.needsGrad || x.rows !== batch * tokens) throw new Error(`sizeMean: x is [${x.shape}], sizes [${sizes.shape}]`);
  const out = x.graph.temp([batch, x.cols]);
  const none = { merged: 0, heads: 0, head: 0, k_offset: 0, k_stride: 0 };
  const params = { ...none, batch, tokens, cols: x.cols, ...place("x", x) };
  x.graph.launch("tome", "size_mean", { constants: { LEAD: lead, SIZED: true }, bind: { x, sizes, out }, params, threads: out.size });
  return out;
}
