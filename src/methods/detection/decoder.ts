/**
 * MKD's way from what the student saw of an image to the teacher's features of all of it: maps of every level come down to
 * tokens of one size (SAM), erased ones are replaced, a transformer that the levels share regenerates them, and each level
 * spreads its tokens out again (SRM).
 *
 * FPN level l has a stride of 8 * 2^l pixels, so a token of t pixels stands for p x p of its pixels, p = t / stride.
 */
import type { Tensor } from "../../engine/graph";
import type { Bound } from "../../models/params";
import { block } from "../../models/vit/block";
import { placeTokens, shuffle } from "../../ops/cells";
import { conv2d } from "../../ops/conv";
import { linear } from "../../ops/linear";
import { upsampleNearest } from "../../ops/maps";
import { forLevels } from "./levels";
import type { Dimensions } from "./method";
import { constant, layer, type Modules } from "./modules";

export interface Decoder {
  /** Pixels of the input along a token's side, a power of two. */
  token: number;
  depth: number;
  heads: number;
  /** Channels of a token; the teacher's where absent. One token stands for p x p pixels of all the teacher's channels. */
  width?: number;
}

const FIRST_STRIDE = 8;
/** Hidden width of a block's MLP, in widths. */
const MLP = 4;
const EPS = 1e-6;

/** Pixels p of level l along a token's side; less than 1 where the map is coarser than the tokens. */
const pixels = ({ token }: Decoder, level: number) => token / (FIRST_STRIDE * 2 ** level);
/** Width of one head: that of all of them is at most the tokens'. */
const headDim = ({ heads }: Decoder, width: number) => Math.max(1, Math.floor(width / heads));

/** Names: `sam.L` (none where p < 1 and tokens are as wide as the maps), `token.L`, `srm.L`, and timm's for the blocks `decoder.D`. */
export function decoderModules(teacher: Dimensions, decoder: Decoder): Modules {
  const { channels } = teacher;
  const { width = channels } = decoder;
  const blocks = Array.from({ length: decoder.depth }, (_, d) => blockModules(`decoder.${d}`, width, decoder));
  const levels = forLevels(teacher, (l) => {
    const p = pixels(decoder, l);
    return {
      ...(p < 1 && width === channels ? {} : layer(`sam.${l}`, channels, width, Math.max(1, p))),
      [`token.${l}`]: { shape: [width], init: { kind: "uniform", fanIn: width } },
      ...layer(`srm.${l}`, width, channels * Math.max(1, p) ** 2),
    };
  });
  return Object.assign(levels, ...blocks);
}

function blockModules(name: string, width: number, decoder: Decoder): Modules {
  const inner = decoder.heads * headDim(decoder, width);
  const norm = (at: string) => ({ [`${name}.${at}.weight`]: constant([width], 1), [`${name}.${at}.bias`]: constant([width], 0) });
  return {
    ...norm("norm1"),
    ...layer(`${name}.attn.qkv`, width, 3 * inner),
    ...layer(`${name}.attn.proj`, inner, width),
    ...norm("norm2"),
    ...layer(`${name}.mlp.fc1`, width, MLP * width),
    ...layer(`${name}.mlp.fc2`, MLP * width, width),
  };
}

/**
 * Regenerates level l [B, H, W, C] of an image of `image` pixels, of which `visible` [B, gh, gw] says what was seen. A map
 * whose sides are no multiples of the tokens' grid is brought there, and back, by nearest neighbours.
 */
export function regenerate(modules: Bound, x: Tensor, at: { level: number; image: number; visible: Tensor; decoder: Decoder }): Tensor {
  const { level, image, visible, decoder } = at;
  const [batch, height, width, channels] = x.shape;
  const side = image / decoder.token;
  const p = Math.max(1, pixels(decoder, level));
  const tokens = placeTokens(align(modules, level, sized(x, [side * p, side * p]), p), visible, modules[`token.${level}`]);
  const decoded = transform(modules, tokens.reshape([batch * side * side, tokens.cols]), batch, decoder);
  const spread = linear(decoded, modules[`srm.${level}.weight`], { bias: modules[`srm.${level}.bias`] });
  return sized(shuffle(spread.reshape([batch, side, side, channels * p * p]), p), [height, width]);
}

/** SAM: p x p pixels to a token of its width. */
function align(modules: Bound, level: number, x: Tensor, p: number): Tensor {
  const [weight, bias] = [modules[`sam.${level}.weight`], modules[`sam.${level}.bias`]];
  if (!weight) return x;
  return p === 1 ? linear(x, weight, { bias }) : conv2d(x, weight, { bias, stride: p, padding: 0 });
}

function transform(modules: Bound, x: Tensor, batch: number, decoder: Decoder): Tensor {
  const { heads, depth } = decoder;
  const config = { heads, headDim: headDim(decoder, x.cols), mlp: MLP * x.cols, activation: "gelu", eps: EPS } as const;
  const shape = { batch, tokens: x.rows / batch, clsOnly: false };
  let tokens = x;
  for (let d = 0; d < depth; d++) tokens = block(tokens, modules, `decoder.${d}.`, config, shape).x;
  return tokens;
}

const sized = (x: Tensor, size: [number, number]) => (String(x.shape.slice(1, 3)) === String(size) ? x : upsampleNearest(x, size));
