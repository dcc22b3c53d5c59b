/** Odd little models of every family, with weights that leave nothing out. */
import { randoms } from "../../ops/check";
import type { Weights } from "../weights";
import { type ViTConfig, vitShapes } from "./config";

export const ODD: ViTConfig = {
  image: 9,
  patch: 3,
  channels: 2,
  classes: 3,
  width: 10,
  depth: 2,
  heads: 2,
  headDim: 5,
  mlp: 14,
  activation: "gelu",
  qkvBias: true,
  projBias: true,
  eps: 1e-6,
};

export const CONFIGS: Record<string, ViTConfig> = {
  "heads of 5": ODD,
  "aligned to four": { ...ODD, classes: 4, width: 8, headDim: 4, mlp: 16 },
  "attention only, no qkv bias, heads wider than the token": { ...ODD, width: 6, headDim: 7, mlp: 0, qkvBias: false, projBias: false },
  "relu, no head, one block": { ...ODD, classes: 0, depth: 1, activation: "relu", eps: 1e-5 },
  "distilled DeiT": { ...ODD, family: "deit-distilled" },
  "fine-tuned MAE": { ...ODD, family: "mae" },
  CLIP: { ...ODD, family: "clip", activation: "quick_gelu" },
  "DeiT-III": { ...ODD, family: "deit3" },
  AST: { ...ODD, family: "ast" },
  "an oblong image": { ...ODD, image: 6, columns: 9 },
  "an oblong image, overlapping patches, pixels left over": { ...ODD, family: "ast", image: 7, columns: 9, patch: 4, stride: 2 },
};

/** Seeded weights large enough for attention to prefer something; no bias is zero, no norm is one. */
export function weightsOf(config: ViTConfig, seed = 1): Weights {
  return new Map(
    [...vitShapes(config)].map(([name, shape], i) => {
      const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
      const scale = /token|pos_embed|bias/.test(name) ? 0.5 : Math.sqrt(3 / fanIn);
      const data = randoms(
        shape.reduce((a, b) => a * b, 1),
        1000 * seed + i,
      );
      return [name, { shape, data: Float32Array.from(data, (v) => (/norm.*weight/.test(name) ? 1 + v / 2 : scale * v)) }];
    }),
  );
}
