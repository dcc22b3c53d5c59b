/** A masked autoencoder in float64. */
import type { MaeConfig } from "./mae";
import { gridOf } from "./vit/config";
import { attentionBranch, gelu, type Lookup, layerNorm, linear, lookup, mlpBranch, vitForward64, type Weights64 } from "./vit/reference";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The decoder's fixed position of a cell. */
function position64(cell: number, columns: number, width: number): number[] {
  const quarter = width / 4;
  const waves = range(quarter).map((i) => 10000 ** (-i / quarter));
  const [row, column] = [Math.floor(cell / columns), cell % columns];
  return [row, column].flatMap((at) => [...waves.map((w) => Math.sin(at * w)), ...waves.map((w) => Math.cos(at * w))]);
}

/** Tokens of class and patches after each block of the decoder, image by image: those of the encoder, put back to where they were. */
export function decoded64(
  { encoder, decoder }: MaeConfig,
  weights: Weights64,
  images: ArrayLike<number>,
  kept: number[][],
): Float64Array[][] {
  const { width, heads } = decoder;
  const get: Lookup = lookup(weights);
  const [rows, columns] = gridOf(encoder);
  const { tokens } = vitForward64(encoder, weights, images, kept.length, kept);
  const each = tokens.length / kept.length;
  const config = { ...encoder, width, heads, headDim: width / heads, mlp: 4 * width };
  return kept.map((seen, b) => {
    const encoded = layerNorm(get, "norm", tokens.subarray(b * each, (b + 1) * each), encoder);
    const narrow = linear(get, "decoder_embed", encoded, encoder.width);
    const row = (i: number) => [...narrow.subarray(i * width, (i + 1) * width)];
    const token = [...(get("mask_token") as Float64Array)];
    const placed = range(rows * columns).flatMap((cell) => {
      const at = seen.indexOf(cell);
      return (at < 0 ? token : row(1 + at)).map((v, c) => v + position64(cell, columns, width)[c]);
    });
    const x = Float64Array.from([...row(0), ...placed]);
    return range(decoder.depth).map((i) => {
      attentionBranch(config, get, `decoder_blocks.${i}`, x);
      mlpBranch(config, get, `decoder_blocks.${i}`, x);
      return x.slice();
    });
  });
}

/** Told patches [B N, C P P]. */
export const mae64 = (config: MaeConfig, weights: Weights64, images: ArrayLike<number>, kept: number[][]): Float64Array =>
  Float64Array.from(
    decoded64(config, weights, images, kept).flatMap((blocks) => {
      const { width } = config.decoder;
      const normed = layerNorm(lookup(weights), "decoder_norm", blocks.at(-1)!.subarray(width), { width, eps: 1e-6 });
      return [...linear(lookup(weights), "decoder_pred", normed, width)];
    }),
  );

/** Told features of all tokens [B (1 + N), F]. */
export const features64 = (config: MaeConfig, weights: Weights64, images: ArrayLike<number>, kept: number[][]): Float64Array =>
  Float64Array.from(
    decoded64(config, weights, images, kept).flatMap((blocks) => {
      const get = lookup(weights);
      const hidden = linear(get, "decoderfeature_pred.fc1", blocks.at(-1)!, config.decoder.width).map(gelu);
      return [...linear(get, "decoderfeature_pred.fc2", hidden, config.decoder.features!)];
    }),
  );
