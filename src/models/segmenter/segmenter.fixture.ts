/** Odd little Segmenters for tests. */
import { randoms } from "../../ops/check";
import { elements, type Weights } from "../weights";
import { type SegmenterConfig, segmenterShapes } from "./config";

/** Widths and heads of the decoder differ from the encoder's, and little is a multiple of four. */
export const ODD: SegmenterConfig = {
  encoder: {
    ...{ image: 9, patch: 3, channels: 2, classes: 0, width: 10, depth: 2, heads: 2, headDim: 5, mlp: 14 },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  },
  classes: 3,
  decoder: { kind: "mask", width: 6, depth: 2, heads: 2, mlp: 7 },
};

export const CONFIGS: Record<string, SegmenterConfig> = {
  "mask transformer": ODD,
  "mask transformer, aligned to four": {
    ...ODD,
    encoder: { ...ODD.encoder, width: 8, headDim: 4, mlp: 16 },
    classes: 4,
    decoder: { kind: "mask", width: 8, depth: 1, heads: 2, mlp: 16 },
  },
  linear: { ...ODD, decoder: { kind: "linear" } },
};

/** Seeded weights large enough for attention to prefer something; no bias is zero, no norm is one. */
export function weightsOf(config: SegmenterConfig, seed = 1): Weights {
  return new Map(
    [...segmenterShapes(config)].map(([name, shape], i) => {
      const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
      const scale = /token|pos_embed|cls_emb|bias/.test(name) ? 0.5 : Math.sqrt(3 / fanIn);
      const data = randoms(elements(shape), 1000 * seed + i);
      return [name, { shape, data: Float32Array.from(data, (v) => (/norm\d?\.weight/.test(name) ? 1 + v / 2 : scale * v)) }];
    }),
  );
}
