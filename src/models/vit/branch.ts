/** The end of a residual branch of a block. */
import type { Tensor } from "../../engine/graph";
import { layerScale } from "../../ops/layerscale";
import { linear } from "../../ops/linear";
import { layerNorm } from "../../ops/norm";
import type { ViTConfig } from "./config";

/** Adds branch 0 (attention) or 1 (MLP) of a block to the residual, or leaves it out. */
export type Drop = (branch: Tensor, residual: Tensor, which: 0 | 1) => Tensor;

/** A block's parameters by the names they have in it. */
export type Named = (name: string) => Tensor;

/** A branch's last layer, and its layer scale. */
export type Ending = [layer: string, scale: string];

/** The end of a branch, and the residual: added in the last layer's own epilogue unless the branch is scaled or may be left out. */
export function branch(x: Tensor, p: Named, [layer, scale]: Ending, residual: Tensor, which: 0 | 1, drop?: Drop): Tensor {
  const [weight, bias, gamma] = [p(`${layer}.weight`), p(`${layer}.bias`), p(scale)];
  if (gamma) {
    const result = linear(x, weight, { bias });
    return drop ? drop(layerScale(result, gamma), residual, which) : layerScale(result, gamma, residual);
  }
  return drop ? drop(linear(x, weight, { bias }), residual, which) : linear(x, weight, { bias, residual });
}

/** x + ls2 fc2(act(fc1(norm2(x)))), ls2 where there is one. */
export function mlpBranch(x: Tensor, p: Named, { eps, activation }: Pick<ViTConfig, "eps" | "activation">, drop?: Drop): Tensor {
  const normed = layerNorm(x, p("norm2.weight"), p("norm2.bias"), eps);
  const hidden = linear(normed, p("mlp.fc1.weight"), { bias: p("mlp.fc1.bias"), activation });
  return branch(hidden, p, ["mlp.fc2", "ls2.gamma"], x, 1, drop);
}
