/**
 * GcBlock, by which FGD and MKD compare how an image's pixels relate: R(F) = F + W2 ReLU(LN(W1 sum_j a_j F_j)),
 * a = softmax over pixels of w . F_j + b. It starts as the identity.
 *
 * Cao et al., "GCNet", 2019, as in FGD's code.
 */
import type { Tensor } from "../../engine/graph";
import type { Bound } from "../../models/params";
import { addToAll, weightedSum } from "../../ops/context";
import { linear } from "../../ops/linear";
import { relu } from "../../ops/maps";
import { layerNorm } from "../../ops/norm";
import { softmax } from "../../ops/softmax";
import { constant, layer, type Modules } from "./modules";

/** Epsilon of PyTorch's LayerNorm. */
const EPS = 1e-5;

export function gcModules(name: string, channels: number): Modules {
  const half = Math.floor(channels / 2);
  return {
    [`${name}.mask.weight`]: { shape: [1, channels], init: { kind: "he", fanIn: channels } },
    [`${name}.mask.bias`]: constant([1], 0),
    ...layer(`${name}.add.0`, channels, half),
    [`${name}.add.1.weight`]: constant([half], 1),
    [`${name}.add.1.bias`]: constant([half], 0),
    [`${name}.add.3.weight`]: constant([channels, half], 0),
    [`${name}.add.3.bias`]: constant([channels], 0),
  };
}

/** R(x) of a map [B, H, W, C]. */
export function gcBlock(modules: Bound, name: string, x: Tensor): Tensor {
  const dense = (x: Tensor, at: string) => linear(x, modules[`${name}.${at}.weight`], { bias: modules[`${name}.${at}.bias`] });
  const scores = dense(x, "mask").reshape([x.shape[0], x.rows / x.shape[0]]);
  const hidden = dense(weightedSum(x, softmax(scores)), "add.0");
  const normed = layerNorm(hidden, modules[`${name}.add.1.weight`], modules[`${name}.add.1.bias`], EPS);
  return addToAll(x, dense(relu(normed), "add.3"));
}
