/** The block by which MGD and its heirs regenerate features: conv3x3, ReLU, conv3x3. Named as in a PyTorch Sequential. */
import type { Tensor } from "../../engine/graph";
import type { Bound } from "../../models/params";
import { conv2d } from "../../ops/conv";
import { layer, type Modules } from "./modules";

export function generator(name: string, channels: number): Modules {
  return { ...layer(`${name}.0`, channels, channels, 3), ...layer(`${name}.2`, channels, channels, 3) };
}

/** Regenerates a map [B, H, W, C]; `around` stands between each convolution and what it reads and writes. */
export function generate(modules: Bound, name: string, x: Tensor, around: Around = (x, apply) => apply(x)): Tensor {
  const conv = (at: number, activation?: "relu") => (x: Tensor) =>
    conv2d(x, modules[`${name}.${at}.weight`], { bias: modules[`${name}.${at}.bias`], activation });
  return around(around(x, conv(0, "relu")), conv(2));
}

type Around = (x: Tensor, apply: (x: Tensor) => Tensor) => Tensor;
