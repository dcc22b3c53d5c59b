/**
 * The Vision Transformer, once, for student and teacher: pre-norm blocks, class token, weights under timm's names.
 *
 * Masking is one optional argument. A teacher that is shown `kept` patches embeds and computes nothing else. In the last
 * block only the class token's row is computed, because nothing after it reads the others; ask for `allTokens` to have them.
 */
import type { Live, Tensor } from "../../engine/graph";
import { type AttentionTrace, saliency } from "../../ops/attention";
import { dropPath } from "../../ops/droppath";
import { mix } from "../../ops/features";
import { linear } from "../../ops/linear";
import { mergeable, type Sizes, sizeMean } from "../../ops/merge";
import { layerNorm } from "../../ops/norm";
import { appendTokens } from "../../ops/segmentation";
import { everyRow, randomScores } from "../../ops/select";
import { tokenMean } from "../../ops/tokenmean";
import { assemble, patchify } from "../../ops/tokens";
import type { Features } from "../model";
import type { Bound } from "../params";
import { checkShape } from "../weights";
import { block } from "./block";
import type { Drop } from "./branch";
import { caitBlocks } from "./cait";
import { gridOf, patches, type ViTConfig, vitShapes } from "./config";
import { type Family, familyOf, lastNorm, leadOf } from "./families";

export interface ViTOptions {
  /** Patches to show, u32 [batch, k]; all when absent. */
  kept?: Tensor;
  /** Compute every token of the last block, not only the class token. */
  allTokens?: boolean;
  /** Parameters [1, M, width] that follow the patches of every image as tokens, and their positions. Ask for `allTokens` to have them. */
  append?: { tokens: Tensor; positions: Tensor };
  /** Stochastic depth while learning; nothing is left out when absent. */
  dropPath?: DropPath;
  /** Forget what blocks but the last keep for their gradients, and make it again there. Not of CaiT. */
  recompute?: boolean;
  /** Tokens that each block merges with others that are alike, of a network that is frozen (ToMe); 0 by default. */
  merge?: number;
}

/** Both branches of block i of L are left out at the rate `rate` i / (L - 1), image by image, as timm does. */
export interface DropPath {
  /** That of the last block, from 0 to 1. */
  rate: Live | number;
  seed: number;
  /** Fresh draws for each value. */
  step: Live | number;
}

/** Keeps the draws of stochastic depth apart from other uses of the same seed. */
const DROP_STREAM = 0x220;

export interface ViTResult extends Features {
  /** Attention of each block, for saliency and maps; none of CaiT, whose heads talk. */
  attention: AttentionTrace[];
  /** What each head reads of an image, [batch, width]. */
  read: Tensor[];
  /** Of a network with a distillation token: what its two heads say [batch, classes]. `logits` is the mean of both. */
  heads?: { cls: Tensor; dist: Tensor };
  /** How many tokens those after the last block stand for, where tokens were merged. */
  sizes?: Sizes;
}

/** What the blocks leave. */
export type Encoded = Omit<ViTResult, "logits" | "heads" | "read">;

/** Forward pass for images [batch, channels, rows, columns]. Throws a WeightsError naming a parameter that does not fit `config`. */
export function vit(params: Bound, config: ViTConfig, images: Tensor, options: ViTOptions = {}): ViTResult {
  const encoded = encode(params, config, images, options);
  const read = readByHeads(params, config, encoded, images.shape[0]);
  return { ...toldByHeads(params, config, read), read, ...encoded };
}

/** The class token, and a distillation token where there is one, or the mean of patches or of both tokens: normed, [batch, width] each. */
function readByHeads(params: Bound, config: ViTConfig, { blocks, sizes }: Encoded, batch: number): Tensor[] {
  const x = blocks[blocks.length - 1];
  const tokens = x.rows / batch;
  const { distilled, meanPool, oneHead } = familyOf(config);
  const normed = (token: Tensor, by = lastNorm(config)) => layerNorm(token, params[`${by}.weight`], params[`${by}.bias`], config.eps);
  const first = () => normed(tokens > 1 ? everyRow(x, tokens) : x);
  const second = () => normed(tokenMean(x, { tokens, first: 1, count: 1 }));
  if (oneHead) {
    const both = mix(first(), second(), { lambda: 0.5, mu: 0.5 });
    return [config.classes ? normed(both, "head_norm") : both];
  }
  if (meanPool) return [normed(sizes ? sizeMean(x, sizes) : tokenMean(x, { tokens, first: 1, count: tokens - 1 }))];
  return distilled ? [first(), second()] : [first()];
}

/** What the heads say of what they read; that itself, where there are none. */
export function toldByHeads(params: Bound, config: ViTConfig, [cls, dist]: readonly Tensor[]): Pick<ViTResult, "logits" | "heads"> {
  const told = (x: Tensor, head: string) => (config.classes ? linear(x, params[`${head}.weight`], { bias: params[`${head}.bias`] }) : x);
  const logits = told(cls, "head");
  if (!dist) return { logits };
  const heads = { cls: logits, dist: told(dist, "head_dist") };
  return { logits: mix(heads.cls, heads.dist, { lambda: 0.5, mu: 0.5 }), heads };
}

/** Whether more than the class token is read of the last block. */
const readsTokens = ({ distilled, meanPool }: Family): boolean => distilled === true || meanPool === true;

/** The blocks alone, before the last norm and the head. Throws as `vit` does. */
export function encode(params: Bound, config: ViTConfig, images: Tensor, o: ViTOptions = {}): Encoded {
  const family = familyOf(config);
  const allTokens = o.allTokens || readsTokens(family);
  const { kept } = o;
  for (const [name, shape] of vitShapes(config)) checkShape("model", name, shape, params[name]?.shape);
  const batch = images.shape[0];
  let tokens = leadOf(config) + (kept?.cols ?? patches(config));
  const { channels, image, columns, patch, stride } = config;
  const cut = { batch, channels, image, columns, patch, stride, kept };
  const convolution = params["patch_embed.proj.weight"];
  const weight = convolution.reshape([config.width, convolution.size / config.width]);
  const embedded = linear(patchify(images, cut), weight, { bias: params["patch_embed.proj.bias"] });
  let x = assemble(embedded, params.pos_embed, params.cls_token, cut, {
    dist: params.dist_token,
    placed: !family.patchPositions,
  });
  const tail = o.append?.tokens.shape[1];
  if (o.append && tail) {
    x = appendTokens(x.reshape([batch, tokens, config.width]), o.append.tokens, o.append.positions);
    tokens += tail;
  }
  if (family.normPre) x = layerNorm(x, params["norm_pre.weight"], params["norm_pre.bias"], config.eps);
  const drops = o.dropPath && config.depth > 1 ? dropsOf(images, config.depth, o.dropPath) : undefined;
  if (family.talking) return { ...caitBlocks(x, params, config, batch, drops), attention: [], grid: gridOf(config) };
  const blocks: Tensor[] = [];
  const attention: AttentionTrace[] = [];
  let sizes: Sizes | undefined;
  for (let i = 0; i < config.depth; i++) {
    const clsOnly = i === config.depth - 1 && !allTokens;
    // What is merged after the last attention changes nothing of the class token.
    const merge = clsOnly ? 0 : mergeable(tokens, o.merge ?? 0, leadOf(config));
    const [before, shape] = [x, { batch, tokens, tail, clsOnly, drop: drops?.(i), merge, sizes }];
    const make = () => block(before, params, `blocks.${i}.`, config, shape);
    // The gradient of the last block begins as soon as it ends: nothing would be gained.
    const result = o.recompute && i < config.depth - 1 ? x.graph.recomputed(make) : make();
    ({ x, sizes } = result);
    tokens -= merge;
    blocks.push(x);
    attention.push(result.trace);
  }
  const saliencyOf: Features["saliency"] = ({ block = config.depth, ...options } = {}) => saliency(attention[block - 1], options);
  return { blocks, attention, grid: gridOf(config), saliency: saliencyOf, sizes };
}

/** How each block drops its branches; the first one never does. */
function dropsOf(images: Tensor, depth: number, { rate, seed, step }: DropPath): (block: number) => Drop | undefined {
  const draws = randomScores(images.graph, [2 * depth, images.shape[0]], { seed, step, stream: DROP_STREAM });
  const drop = (block: number, which: number) => {
    const row = 2 * block + which;
    return { draws: draws.slice(row, row + 1), most: rate, share: block / (depth - 1) };
  };
  return (block) => (block === 0 ? undefined : (branch, residual, which) => dropPath(branch, residual, drop(block, which)));
}
