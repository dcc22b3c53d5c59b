/**
 * SparK: masked image modelling for ResNets. The backbone sees the patches that are left of an image and nothing of the others, and a
 * decoder shaped as a U-Net says from its four maps what these looked like.
 *
 * Tian et al., "Designing BERT for convolutional networks: sparse and hierarchical masked modeling", ICLR 2023, and its code. Sparse
 * convolution is a dense one of maps whose hidden cells are zero: what every convolution and pooling reads is masked again, and norms
 * measure what is visible, so that visible cells are as sparse convolution leaves them. Unlike there, maps are doubled by transposed
 * convolutions of 2 x 2, the decoder's norms are group norms, its channels multiples of eight, and ReLU stands for ReLU6.
 */
import type { Tensor } from "../engine/graph";
import { normal } from "../engine/random";
import { shuffle, unshuffle } from "../ops/cells";
import { groupNorm } from "../ops/channelnorm";
import { conv2d } from "../ops/conv";
import { linear } from "../ops/linear";
import { add, maskCells, upsampleNearest } from "../ops/maps";
import { stages } from "./detector/backbone";
import { backboneShapes, type DetectorConfig, groups } from "./detector/config";
import { initDetector } from "./detector/init";
import { COARSEST_STRIDE, stageChannels } from "./detector/kinds";
import { Layers } from "./detector/layers";
import type { Bound } from "./params";
import { elements, INIT_STREAM, type Shapes, type Weights } from "./weights";

export interface SparkConfig {
  /** Of a detector, of which only the backbone counts. */
  encoder: DetectorConfig;
  /** Channels at the coarsest map; they halve where it doubles. */
  decoder: { width: number };
}

/** What of each image is hidden: 1 in `hidden` f32 [B N], 0 in `visible` f32 [B, rows, columns]. */
export interface Sparse {
  visible: Tensor;
  hidden: Tensor;
}

/** Pixels along a patch: a cell of the backbone's coarsest map is seen or hidden whole. */
export const SPARK_PATCH = COARSEST_STRIDE;
/** From that stride to pixels. */
const DOUBLINGS = 5;
/** Channels of a decoder's map are multiples of this. */
const LEAST = 8;

/** Channels of the decoder's maps, from the coarsest to the image. */
const widths = (width: number): number[] => Array.from({ length: DOUBLINGS + 1 }, (_, i) => LEAST * Math.ceil(width / 2 ** i / LEAST));

/** Channels of the backbone's maps, the coarsest first, as the decoder takes them. */
const mapChannels = ({ encoder }: SparkConfig): number[] => stageChannels(encoder).toReversed();

/** Every parameter of the decoder with its shape; convolutions are [O, kh, kw, I]. */
export function sparkDecoderShapes(config: SparkConfig): Shapes {
  const channels = widths(config.decoder.width);
  const norm = (name: string, size: number): Shapes => ["weight", "bias"].map((part) => [`${name}.${part}`, [size]]);
  return [
    ...mapChannels(config).flatMap((size, i): Shapes => {
      const side = i === 0 ? 1 : 3;
      return [
        ...norm(`densify.${i}.norm`, size),
        [`densify.${i}.mask_token`, [size, 1]],
        [`densify.${i}.proj.weight`, [channels[i], side, side, size]],
        [`densify.${i}.proj.bias`, [channels[i]]],
      ];
    }),
    ...Array.from({ length: DOUBLINGS }, (_, i): Shapes => {
      const [from, to] = [channels[i], channels[i + 1]];
      return [
        [`decoder.${i}.up.weight`, [4 * from, from]],
        [`decoder.${i}.conv1.weight`, [from, 3, 3, from]],
        ...norm(`decoder.${i}.norm1`, from),
        [`decoder.${i}.conv2.weight`, [to, 3, 3, from]],
        ...norm(`decoder.${i}.norm2`, to),
      ];
    }).flat(),
    ["decoder.proj.weight", [3, 1, 1, channels[DOUBLINGS]]],
    ["decoder.proj.bias", [3]],
  ];
}

/** Standard deviation of a fresh mask token. */
const TOKEN_STD = 0.02;

/** Fresh weights of backbone and decoder, the decoder's by He's rule (fan in). */
export function initSpark(config: SparkConfig, seed: number): Weights {
  const encoder = backboneOf(initDetector(config.encoder, seed), config.encoder);
  const drawn = sparkDecoderShapes(config).map(([name, shape], i) => {
    const fan = elements(shape) / shape[0];
    const std = name.endsWith("mask_token") ? TOKEN_STD : Math.sqrt((name.endsWith("proj.weight") ? 1 : 2) / fan);
    const vector = Number(name.endsWith("weight"));
    const draw = (at: number) => (shape.length === 1 ? vector : std * normal(seed, INIT_STREAM + encoder.size + i, 0, at));
    return [name, { shape, data: Float32Array.from({ length: elements(shape) }, (_, at) => draw(at)) }] as const;
  });
  return new Map([...encoder, ...drawn]);
}

/** The backbone alone, of a detector or of what `initSpark` made. */
export const backboneOf = (weights: Weights, config: DetectorConfig): Weights =>
  new Map(backboneShapes(config).map(([name]) => [name, weights.get(name)!]));

/** What all patches look like, rows of pixels [B N, P P 3] as `unshuffle` cuts them, of images f32 [B, S, S, 3]. */
export function spark(params: Bound, { encoder }: SparkConfig, images: Tensor, { visible, hidden }: Sparse, training: boolean): Tensor {
  const layers = new Layers(params, encoder, { mask: visible, visibleStatistics: true, training });
  const maps = stages(layers, encoder, images).toReversed();
  const dense = maps.map((map, i) => densified(params, `densify.${i}`, map, { visible, hidden }));
  let x = dense[0];
  for (let i = 0; i < DOUBLINGS; i++) x = doubled(params, `decoder.${i}`, i > 0 && dense[i] ? add(x, dense[i]) : x);
  const told = conv2d(x, params["decoder.proj.weight"], { bias: params["decoder.proj.bias"] });
  const cut = unshuffle(told, SPARK_PATCH);
  return cut.reshape([cut.rows, cut.cols]);
}

const normed = (params: Bound, name: string, x: Tensor, more: { relu?: boolean; visible?: Tensor } = {}): Tensor =>
  groupNorm(x, params[`${name}.weight`], params[`${name}.bias`], { groups: groups(x.cols), ...more });

/** A map for the decoder: normalised, a learnt token in place of what is hidden, and as wide as the decoder's map of that size. */
function densified(params: Bound, name: string, map: Tensor, { visible, hidden }: Sparse): Tensor {
  const seen = maskCells(normed(params, `${name}.norm`, map, { visible }), visible);
  const [batch, height, width] = map.shape;
  const tokens = linear(hidden.reshape([...visible.shape, 1]), params[`${name}.mask_token`]);
  const rest = upsampleNearest(tokens.reshape([batch, ...visible.shape.slice(1), map.cols]), [height, width]);
  return conv2d(add(seen, rest), params[`${name}.proj.weight`], { bias: params[`${name}.proj.bias`] });
}

/** A map of twice the side. */
function doubled(params: Bound, name: string, x: Tensor): Tensor {
  const [batch, height, width] = x.shape;
  const up = linear(x, params[`${name}.up.weight`]);
  const large = shuffle(up.reshape([batch, height, width, up.cols]), 2);
  const inner = normed(params, `${name}.norm1`, conv2d(large, params[`${name}.conv1.weight`]), { relu: true });
  return normed(params, `${name}.norm2`, conv2d(inner, params[`${name}.conv2.weight`]));
}

/** Features of whole images f32 [B, S, S, 3]: the coarsest map, [B, S / 32, S / 32, channels]. */
export const sparkFeatures = (params: Bound, { encoder }: SparkConfig, images: Tensor): Tensor =>
  stages(new Layers(params, encoder, { training: false }), encoder, images)[3];
