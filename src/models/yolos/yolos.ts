/** A YOLOS, once, for student and teacher: a ViT over class token, patches and detection tokens, then two heads on the last. See config.ts. */
import type { Tensor } from "../../engine/graph";
import { linear } from "../../ops/linear";
import { layerNorm } from "../../ops/norm";
import { tokenRange } from "../../ops/segmentation";
import type { Bound } from "../params";
import { type Encoded, encode } from "../vit/model";
import { checkShape } from "../weights";
import { HEAD_LAYERS, type YolosConfig, yolosShapes } from "./config";

/** The tokens after the last norm, which the heads read. */
export interface YolosTokens extends Encoded {
  /** Of the patches that were seen: [B, n, D]. */
  patches: Tensor;
  /** Of the detection tokens: [B, M, D]. */
  det: Tensor;
}

export interface YolosResult extends YolosTokens {
  /** Of K classes and, last, of no object: [B, M, K + 1]. */
  logits: Tensor;
  /** Numbers whose sigmoids are centre, width and height of a box as shares of the image: [B, M, 4]. */
  boxes: Tensor;
}

/**
 * All tokens and no head, which is as much as a masked teacher computes: with `kept` u32 [B, k] it sees those patches and no others.
 * Throws a WeightsError naming a parameter that does not fit `config`.
 */
export function yolosTokens(params: Bound, config: YolosConfig, images: Tensor, { kept }: { kept?: Tensor } = {}): YolosTokens {
  for (const [name, shape] of yolosShapes(config)) checkShape("model", name, shape, params[name]?.shape);
  const { encoder, tokens } = config;
  const p = Object.fromEntries(
    Object.entries(params).flatMap(([name, tensor]) => (name.startsWith("backbone.") ? [[name.slice("backbone.".length), tensor]] : [])),
  );
  const seen = encode(p, encoder, images, { kept, allTokens: true, append: { tokens: p.det_token, positions: p.det_pos } });
  const batch = images.shape[0];
  const normed = layerNorm(seen.blocks[encoder.depth - 1], p["norm.weight"], p["norm.bias"], encoder.eps);
  const count = normed.rows / batch - 1 - tokens;
  return { ...seen, patches: tokenRange(normed, batch, 1, count), det: tokenRange(normed, batch, 1 + count, tokens) };
}

/** Forward pass for normalised images f32 [B, C, S, S]. Throws as `yolosTokens` does. */
export function yolos(params: Bound, config: YolosConfig, images: Tensor): YolosResult {
  const seen = yolosTokens(params, config, images);
  return { ...seen, logits: head(params, "class_embed", seen.det), boxes: head(params, "bbox_embed", seen.det) };
}

/** Three layers with ReLU between them. */
function head(params: Bound, name: string, x: Tensor): Tensor {
  let out = x;
  for (let i = 0; i < HEAD_LAYERS; i++) {
    const [weight, bias] = [params[`${name}.layers.${i}.weight`], params[`${name}.layers.${i}.bias`]];
    out = linear(out, weight, { bias, activation: i < HEAD_LAYERS - 1 ? "relu" : undefined });
  }
  return out;
}
