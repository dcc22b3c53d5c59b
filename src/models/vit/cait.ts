/**
 * CaiT (Touvron, Cord, Sablayrolles, Synnaeve, Jegou, "Going deeper with image transformers", 2021): patches alone pass through blocks
 * whose heads talk to each other, before the softmax and after it; then the class token, in blocks of its own, attends to them.
 * A mask acts before the first block, so that class attention sees the kept patches alone.
 */

import { EngineError } from "../../engine/errors";
import type { Tensor } from "../../engine/graph";
import type { SaliencyOptions } from "../../ops/attention";
import { linear } from "../../ops/linear";
import { layerNorm } from "../../ops/norm";
import { prepend, withoutFirst } from "../../ops/prepend";
import { everyRow } from "../../ops/select";
import { softmax } from "../../ops/softmax";
import { type HeadLayout, headScores, headSums, talk } from "../../ops/talking";
import { tokenMean } from "../../ops/tokenmean";
import type { Bound } from "../params";
import { branch, type Drop, mlpBranch, type Named } from "./branch";
import type { ViTConfig } from "./config";

export interface CaitResult {
  /** Patches after each of the first blocks [batch * n, width], then the class token after each of the last [batch, width]. */
  blocks: Tensor[];
  /** Attention that each patch receives from the class token in the last block; no other block has a class token and its heads. */
  saliency(options?: SaliencyOptions): Tensor;
}

/** `tokens` [batch * (1 + n), width]: the class token, then patches with their positions. */
export function caitBlocks(
  tokens: Tensor,
  params: Bound,
  config: ViTConfig,
  batch: number,
  drops?: (block: number) => Drop | undefined,
): CaitResult {
  const named =
    (prefix: string): Named =>
    (name) =>
      params[prefix + name];
  let cls = everyRow(tokens, tokens.rows / batch);
  let x = withoutFirst(tokens, batch);
  const blocks: Tensor[] = [];
  for (let i = 0; i < config.depth; i++) {
    x = talkingBlock(x, named(`blocks.${i}.`), config, batch, drops?.(i));
    blocks.push(x);
  }
  let scores: Tensor | undefined;
  for (let i = 0; i < (config.classDepth ?? 0); i++) {
    ({ cls, scores } = classBlock(cls, x, named(`blocks_token_only.${i}.`), config, batch));
    blocks.push(cls);
  }
  return { blocks, saliency: (options) => saliencyOf(scores as Tensor, options) };
}

const layoutOf = ({ heads, headDim }: ViTConfig, batch: number): HeadLayout => ({ batch, heads, headDim });

function talkingBlock(x: Tensor, p: Named, config: ViTConfig, batch: number, drop?: Drop): Tensor {
  const layout = layoutOf(config, batch);
  const normed = layerNorm(x, p("norm1.weight"), p("norm1.bias"), config.eps);
  const inner = config.heads * config.headDim;
  const part = (i: number) => {
    const bias = p("attn.qkv.bias")?.slice(i * inner, (i + 1) * inner);
    return linear(normed, p("attn.qkv.weight").slice(i * inner, (i + 1) * inner), { bias });
  };
  const [q, k, v] = [0, 1, 2].map(part);
  const talked = (x: Tensor, layer: string) => talk(x, p(`${layer}.weight`), p(`${layer}.bias`));
  const attention = softmax(talked(headScores(q, k, layout), "attn.proj_l"));
  const mixed = headSums(talked(attention, "attn.proj_w"), v, layout);
  return mlpBranch(branch(mixed, p, ["attn.proj", "ls1.gamma"], x, 0, drop), p, config, drop);
}

/** The class token after a block of class attention, and its scores of itself and the patches [batch, heads, 1 + n]. */
function classBlock(cls: Tensor, x: Tensor, p: Named, config: ViTConfig, batch: number): { cls: Tensor; scores: Tensor } {
  const layout = layoutOf(config, batch);
  const normed = layerNorm(prepend(cls, x), p("norm1.weight"), p("norm1.bias"), config.eps);
  const layer = (of: Tensor, name: string) => linear(of, p(`attn.${name}.weight`), { bias: p(`attn.${name}.bias`) });
  const first = everyRow(normed, normed.rows / batch);
  const scores = headScores(layer(first, "q"), layer(normed, "k"), layout);
  const mixed = headSums(softmax(scores), layer(normed, "v"), layout);
  return { cls: mlpBranch(branch(mixed, p, ["attn.proj", "ls1.gamma"], cls, 0), p, config), scores };
}

/** Mean over the heads of the class token's attention to each patch [batch, n], or per head [batch, heads, n]. No gradient. */
function saliencyOf(scores: Tensor, { queries = "cls", reading = "code", perHead = false }: SaliencyOptions = {}): Tensor {
  if (queries === "patches") throw new EngineError("In CaiT no patch attends as the class token does.", "Use queries=cls.");
  const [batch, heads, keys] = scores.shape;
  const patchesOf = (x: Tensor) => withoutFirst(x.reshape([x.size, 1]), batch * heads).reshape([batch, heads, keys - 1]);
  const plain = scores.detach();
  const attention = reading === "code" ? patchesOf(softmax(plain)) : softmax(patchesOf(plain));
  if (perHead) return attention;
  return tokenMean(attention.reshape([batch * heads, keys - 1]), { tokens: heads, first: 0, count: heads });
}
