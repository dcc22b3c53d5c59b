/** A Segmenter, once, for student and teacher: ViT, then a linear or a mask decoder on its patches. See config.ts. */
import type { Tensor } from "../../engine/graph";
import { linear } from "../../ops/linear";
import { upsampleBilinear } from "../../ops/maps";
import { layerNorm } from "../../ops/norm";
import { unitRows } from "../../ops/relations";
import { appendTokens, rowProducts, tokenRange } from "../../ops/segmentation";
import type { Bound } from "../params";
import { block } from "../vit/block";
import { patches } from "../vit/config";
import { type Encoded, encode, type ViTOptions } from "../vit/model";
import { checkShape } from "../weights";
import { decoderBlocks, gridSide, type MaskDecoder, type SegmenterConfig, segmenterShapes } from "./config";

/** What the encoder makes of images: blocks, attention, the grid of patches. */
export interface SegmenterResult extends Encoded {
  /** [B, gh, gw, K], one row for each patch; see `pixelLogits`. */
  logits: Tensor;
}

/**
 * The encoder alone, which is all that a masked teacher computes: with `kept` u32 [B, k] it sees those patches and no others.
 * Throws a WeightsError naming a parameter that does not fit `config`.
 */
export function segmenterEncoder(params: Bound, config: SegmenterConfig, images: Tensor, options: ViTOptions = {}): Encoded {
  return encode(within(params, "encoder."), config.encoder, images, options);
}

/** Forward pass for normalised images f32 [B, C, S, S], every patch of them. Throws as `segmenterEncoder` does. */
export function segmenter(params: Bound, config: SegmenterConfig, images: Tensor): SegmenterResult {
  for (const [name, shape] of segmenterShapes(config)) checkShape("segmenter", name, shape, params[name]?.shape);
  const { encoder, classes, decoder } = config;
  const seen = segmenterEncoder(params, config, images, { allTokens: true });
  const [batch, side] = [images.shape[0], gridSide(config)];
  const normed = layerNorm(seen.blocks[encoder.depth - 1], params["encoder.norm.weight"], params["encoder.norm.bias"], encoder.eps);
  const features = tokenRange(normed, batch, 1, patches(encoder));
  const p = within(params, "decoder.");
  const logits =
    decoder.kind === "mask" ? masks(p, config, decoder, features) : linear(features, p["head.weight"], { bias: p["head.bias"] });
  return { ...seen, logits: logits.reshape([batch, side, side, classes]) };
}

/** Logits of every pixel, [B, S, S, K]: those of the patches, bilinearly. */
export function pixelLogits(logits: Tensor, { encoder }: SegmenterConfig): Tensor {
  return upsampleBilinear(logits, [encoder.image, encoder.image]);
}

/** The mask transformer on features [B, N, D]: the cosine of every patch and every class, normalised over the classes; [B, N, K]. */
function masks(p: Bound, config: SegmenterConfig, decoder: MaskDecoder, features: Tensor): Tensor {
  const [batch, count] = features.shape;
  const { eps } = config.encoder;
  const tokens = count + config.classes;
  let x = appendTokens(linear(features, p["proj_dec.weight"], { bias: p["proj_dec.bias"] }), p.cls_emb);
  for (let i = 0; i < decoder.depth; i++)
    x = block(x, p, `blocks.${i}.`, decoderBlocks(config, decoder), { batch, tokens, clsOnly: false }).x;
  const normed = layerNorm(x, p["decoder_norm.weight"], p["decoder_norm.bias"], eps);
  const unit = (from: number, to: number, projection: Tensor) => {
    const projected = linear(tokenRange(normed, batch, from, to - from), projection);
    return unitRows(projected).reshape(projected.shape);
  };
  const cosines = rowProducts(unit(0, count, p.proj_patch), unit(count, tokens, p.proj_classes));
  return layerNorm(cosines, p["mask_norm.weight"], p["mask_norm.bias"], eps);
}

/** The parameters whose names begin with `prefix`, by the rest of their names. */
function within(params: Bound, prefix: string): Bound {
  const named = Object.entries(params).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(named.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
