/** Reference forward pass of a Segmenter in float64, for tests only: slow and obvious. See vit.reference.ts. */
import { patches } from "../vit/config";
import { attentionBranch, concat, type Lookup, layerNorm, linear, lookup, mlpBranch, vitForward64, type Weights64 } from "../vit/reference";
import { decoderBlocks, type MaskDecoder, type SegmenterConfig } from "./config";

/** Logits of every patch, flat [B, N, K], for images flat [B, C, S, S]. */
export function segmenter64(config: SegmenterConfig, weights: Weights64, images: ArrayLike<number>, batch: number): Float64Array {
  const { encoder, decoder } = config;
  const seen = vitForward64(encoder, encoderWeights(weights), images, batch).tokens;
  const get = lookup(weights);
  const normed = layerNorm(get, "encoder.norm", seen, encoder);
  const each = (1 + patches(encoder)) * encoder.width;
  const features = Array.from({ length: batch }, (_, b) => normed.subarray(b * each + encoder.width, (b + 1) * each));
  if (decoder.kind === "linear") return concat(features.map((x) => linear(get, "decoder.head", x, encoder.width)));
  return concat(features.map((x) => masks64(config, decoder, get, x)));
}

/** The encoder's weights under the names of a ViT. */
export function encoderWeights(weights: Weights64): Weights64 {
  return new Map([...weights].filter(([name]) => name.startsWith("encoder.")).map(([name, w]) => [name.slice("encoder.".length), w]));
}

/** One image's features [N, D] to [N, K]. */
function masks64(config: SegmenterConfig, decoder: MaskDecoder, get: Lookup, features: Float64Array): Float64Array {
  const { width } = decoder;
  const blocks = decoderBlocks(config, decoder);
  const x = concat([linear(get, "decoder.proj_dec", features, config.encoder.width), get("decoder.cls_emb")!]);
  for (let i = 0; i < decoder.depth; i++) {
    attentionBranch(blocks, get, `decoder.blocks.${i}`, x);
    mlpBranch(blocks, get, `decoder.blocks.${i}`, x);
  }
  const normed = layerNorm(get, "decoder.decoder_norm", x, blocks);
  const split = normed.length - config.classes * width;
  const one = projected(normed.subarray(0, split), get("decoder.proj_patch")!, width);
  const two = projected(normed.subarray(split), get("decoder.proj_classes")!, width);
  const cosines = Float64Array.from(one.flatMap((patch) => two.map((token) => cosine(patch, token))));
  return layerNorm(get, "decoder.mask_norm", cosines, { ...blocks, width: config.classes });
}

/** Rows of x times the transpose of P, which is how this app keeps a matrix that the original code applies from the right. */
function projected(x: Float64Array, p: Float64Array, width: number): number[][] {
  return Array.from({ length: x.length / width }, (_, r) =>
    Array.from({ length: width }, (_, o) => dot(x.subarray(r * width, (r + 1) * width), p.subarray(o * width, (o + 1) * width))),
  );
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);
const cosine = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
