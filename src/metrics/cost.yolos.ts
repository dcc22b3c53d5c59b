/** What a YOLOS costs: multiply-adds as in cost.ts. */
import { patches } from "../models/vit/config";
import type { YolosConfig } from "../models/yolos/config";
import { vitMacs } from "./cost";

/** Multiply-adds of one forward pass of one image. */
export interface YolosMacs {
  encoder: number;
  /** Both heads on all detection tokens; a teacher whose tokens are compared runs neither. */
  heads: number;
  total: number;
}

/** Multiply-adds of one image when the blocks see `keep` patches (default all), CLS and the detection tokens. */
export function yolosMacs({ encoder: config, tokens, classes }: YolosConfig, keep = patches(config)): YolosMacs {
  const { width, depth, heads: count, headDim, mlp, channels, patch } = config;
  const size = { tokens: 1 + keep + tokens, width, depth, inner: count * headDim, mlp };
  const encoder = vitMacs({ ...size, patches: patches(config), patchValues: channels * patch ** 2 }).total;
  const heads = tokens * (4 * width * width + width * (classes + 1) + 4 * width);
  return { encoder, heads, total: encoder + heads };
}
