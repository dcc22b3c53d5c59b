/**
 * The Vision Transformer, once, for student and teacher: pre-norm blocks, class token, weights under timm's names.
 *
 * Masking is one optional argument. A teacher that is shown `kept` patches embeds and computes nothing else. In the last
 * block only the class token's row is computed, because nothing after it reads the others; ask for `allTokens` to have them.
 */
import type { Tensor } from "../../engine/graph";
import { type AttentionTrace, crossAttention, type Heads, saliency, selfAttention } from "../../ops/attention";
import { linear } from "../../ops/linear";
import { layerNorm } from "../../ops/norm";
import { everyRow } from "../../ops/select";
import { assemble, patchify } from "../../ops/tokens";
import type { Features } from "../model";
import type { Bound } from "../params";
import { checkShape } from "../weights";
import { gridOf, patches, type ViTConfig, vitShapes } from "./config";

export interface ViTOptions {
  /** Patches to show, u32 [batch, k]; all when absent. */
  kept?: Tensor;
  /** Compute every token of the last block, not only the class token. */
  allTokens?: boolean;
}

export interface ViTResult extends Features {
  /** Attention of each block, for saliency and maps. */
  attention: AttentionTrace[];
}

/** Forward pass for images [batch, channels, side, side]. Throws a WeightsError naming a parameter that does not fit `config`. */
export function vit(params: Bound, config: ViTConfig, images: Tensor, options: ViTOptions = {}): ViTResult {
  const encoded = encode(params, config, images, options);
  const [x, { keys }] = [encoded.blocks[config.depth - 1], encoded.attention[0]];
  const cls = options.allTokens ? everyRow(x, keys) : x;
  const normed = layerNorm(cls, params["norm.weight"], params["norm.bias"], config.eps);
  const logits = config.classes ? linear(normed, params["head.weight"], { bias: params["head.bias"] }) : normed;
  return { logits, ...encoded };
}

/** The blocks alone, before the last norm and the head. Throws as `vit` does. */
export function encode(
  params: Bound,
  config: ViTConfig,
  images: Tensor,
  { kept, allTokens = false }: ViTOptions = {},
): Omit<ViTResult, "logits"> {
  for (const [name, shape] of vitShapes(config)) checkShape("model", name, shape, params[name]?.shape);
  const batch = images.shape[0];
  const tokens = 1 + (kept?.cols ?? patches(config));
  const cut = { batch, channels: config.channels, image: config.image, patch: config.patch, kept };
  const convolution = params["patch_embed.proj.weight"];
  const weight = convolution.reshape([config.width, convolution.size / config.width]);
  const embedded = linear(patchify(images, cut), weight, { bias: params["patch_embed.proj.bias"] });
  let x = assemble(embedded, params.pos_embed, params.cls_token, cut);
  const blocks: Tensor[] = [];
  const attention: AttentionTrace[] = [];
  for (let i = 0; i < config.depth; i++) {
    const clsOnly = i === config.depth - 1 && !allTokens;
    const result = block(x, params, `blocks.${i}.`, config, { batch, tokens, clsOnly });
    x = result.x;
    blocks.push(x);
    attention.push(result.trace);
  }
  const saliencyOf: Features["saliency"] = ({ block = config.depth, ...options } = {}) => saliency(attention[block - 1], options);
  return { blocks, attention, grid: gridOf(config), saliency: saliencyOf };
}

export interface BlockShape {
  batch: number;
  tokens: number;
  clsOnly: boolean;
}

/** x += proj(attention(norm1(x))); x += fc2(act(fc1(norm2(x)))). With `clsOnly`, for the class rows alone. */
export function block(
  x: Tensor,
  params: Bound,
  prefix: string,
  config: Pick<ViTConfig, "heads" | "headDim" | "eps" | "mlp" | "activation">,
  shape: BlockShape,
): { x: Tensor; trace: AttentionTrace } {
  const p: Named = (name) => params[prefix + name];
  const heads: Heads = { batch: shape.batch, heads: config.heads, headDim: config.headDim };
  const normed = layerNorm(x, p("norm1.weight"), p("norm1.bias"), config.eps);
  const { out, trace } = shape.clsOnly ? attendFromCls(normed, p, heads, shape.tokens) : attend(normed, p, heads);
  const residual = shape.clsOnly ? everyRow(x, shape.tokens) : x;
  const mixed = linear(out, p("attn.proj.weight"), { bias: p("attn.proj.bias"), residual });
  if (!config.mlp) return { x: mixed, trace };
  const again = layerNorm(mixed, p("norm2.weight"), p("norm2.bias"), config.eps);
  const hidden = linear(again, p("mlp.fc1.weight"), { bias: p("mlp.fc1.bias"), activation: config.activation });
  return { x: linear(hidden, p("mlp.fc2.weight"), { bias: p("mlp.fc2.bias"), residual: mixed }), trace };
}

type Named = (name: string) => Tensor;

function attend(normed: Tensor, p: Named, heads: Heads) {
  return selfAttention(linear(normed, p("attn.qkv.weight"), { bias: p("attn.qkv.bias") }), heads);
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
