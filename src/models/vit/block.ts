/** A pre-norm block of a vision transformer: attention, perhaps merging of tokens, MLP. */
import type { Tensor } from "../../engine/graph";
import { type AttentionTrace, crossAttention, type Heads, selfAttention } from "../../ops/attention";
import { linear } from "../../ops/linear";
import { mergeTokens, type Sizes } from "../../ops/merge";
import { layerNorm } from "../../ops/norm";
import { relativeAttention, type TokenGrid } from "../../ops/relative";
import { everyRow } from "../../ops/select";
import type { Bound } from "../params";
import { branch, type Drop, mlpBranch, type Named } from "./branch";
import type { ViTConfig } from "./config";
import { leadOf } from "./families";

export interface BlockShape {
  batch: number;
  tokens: number;
  /** Of those, how many follow the patches; none by default. */
  tail?: number;
  clsOnly: boolean;
  drop?: Drop;
  /** Tokens to merge between attention and MLP, and how many each stands for before. */
  merge?: number;
  sizes?: Sizes;
  /** Where tokens lie, for attention with tables of relative positions. */
  grid?: TokenGrid;
}

/** x += ls1 proj(attention(norm1(x))); x += ls2 fc2(act(fc1(norm2(x)))), ls1 and ls2 where there are. With `clsOnly`, for the class rows alone. */
export function block(
  x: Tensor,
  params: Bound,
  prefix: string,
  config: Pick<ViTConfig, "family" | "heads" | "headDim" | "eps" | "mlp" | "activation">,
  shape: BlockShape,
): { x: Tensor; trace: AttentionTrace; sizes?: Sizes } {
  const p: Named = (name) => params[prefix + name];
  const heads: Heads = {
    batch: shape.batch,
    heads: config.heads,
    headDim: config.headDim,
    lead: leadOf(config),
    tail: shape.tail,
    logSizes: shape.sizes?.logs,
  };
  const normed = layerNorm(x, p("norm1.weight"), p("norm1.bias"), config.eps);
  const { out, trace } = shape.clsOnly ? attendFromCls(normed, p, heads, shape.tokens) : attend(normed, p, heads, shape.grid);
  const residual = shape.clsOnly ? everyRow(x, shape.tokens) : x;
  const all = branch(out, p, ["attn.proj", "ls1.gamma"], residual, 0, shape.drop);
  const { x: mixed, sizes } = shape.merge ? mergedBy(all, trace, shape.merge, shape.sizes) : { x: all, sizes: shape.sizes };
  if (!config.mlp) return { x: mixed, trace, sizes };
  return { x: mlpBranch(mixed, p, config, shape.drop), trace, sizes };
}

function mergedBy(x: Tensor, trace: AttentionTrace, r: number, before?: Sizes): { x: Tensor; sizes: Sizes } {
  const { x: merged, ...sizes } = mergeTokens(x, trace, r, before);
  return { x: merged, sizes };
}

function attend(normed: Tensor, p: Named, heads: Heads, grid?: TokenGrid) {
  const qkv = linear(normed, p("attn.qkv.weight"), { bias: p("attn.qkv.bias") });
  if (!grid) return selfAttention(qkv, heads);
  return relativeAttention(qkv, heads, { ...grid, rows: p("attn.rel_pos_h"), columns: p("attn.rel_pos_w") });
}

/** Queries for the class rows only; keys and values for all. The same weights, used in two ranges of rows. */
function attendFromCls(normed: Tensor, p: Named, heads: Heads, tokens: number) {
  const inner = heads.heads * heads.headDim;
  const part = (lo: number, hi: number) => ({
    w: p("attn.qkv.weight").slice(lo, hi),
    bias: p("attn.qkv.bias")?.slice(lo, hi),
  });
  const ofQueries = part(0, inner);
  const ofKeys = part(inner, 3 * inner);
  const kv = linear(normed, ofKeys.w, { bias: ofKeys.bias });
  const q = linear(everyRow(normed, tokens), ofQueries.w, { bias: ofQueries.bias });
  return crossAttention(q, kv, heads);
}
