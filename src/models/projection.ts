/**
 * The projection head of self-distillation: a perceptron, its result brought to length 1, and a linear layer without bias whose
 * rows have length 1 (weight normalisation with the gain fixed at 1), so that each output is a cosine.
 *
 * Source: DINOHead of DINO (vision_transformer.py), three layers; names are those of its checkpoints.
 */
import type { Tensor } from "../engine/graph";
import { linear } from "../ops/linear";
import { unitRows } from "../ops/relations";
import type { Bound } from "./params";
import { linearShapes } from "./vit/config";
import type { Shapes } from "./weights";

export interface ProjectionConfig {
  /** Width of what comes in. */
  input: number;
  hidden: number;
  bottleneck: number;
  /** Outputs K. */
  outputs: number;
}

/** The layer of K outputs: its rows' directions count, not their lengths. */
export const LAST_LAYER = "head.last_layer.weight_v";

/** Every parameter of the head with its shape. */
export function projectionShapes({ input, hidden, bottleneck, outputs }: ProjectionConfig): Shapes {
  return [
    ...linearShapes("head.mlp.0", input, hidden),
    ...linearShapes("head.mlp.2", hidden, hidden),
    ...linearShapes("head.mlp.4", hidden, bottleneck),
    [LAST_LAYER, [outputs, bottleneck]],
  ];
}

/** The head on rows [.., input]: cosines [.., K]. One call of it serves any number of batches, and normalises its rows once. */
export function projection(params: Bound): (x: Tensor) => Tensor {
  const layer = (x: Tensor, name: string, activation?: "gelu") =>
    linear(x, params[`head.mlp.${name}.weight`], { bias: params[`head.mlp.${name}.bias`], activation });
  const directions = unitRows(params[LAST_LAYER]);
  return (x) => linear(unitRows(layer(layer(layer(x, "0", "gelu"), "2", "gelu"), "4")), directions);
}

/** Multiply-adds of the head for one image. */
export const projectionMacs = ({ input, hidden, bottleneck, outputs }: ProjectionConfig): number =>
  input * hidden + hidden * hidden + hidden * bottleneck + bottleneck * outputs;
