/** Max pooling of feature maps [B, H, W, C]; see shaders/pool.wgsl. */
import type { RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";
import { shapeOfMap } from "./maps";

export interface Window {
  size: number;
  stride: number;
  padding: number;
}

/** ResNet's: 3 x 3 every other pixel. */
const RESNET: Window = { size: 3, stride: 2, padding: 1 };

/** The largest of each window; what lies beyond the border does not count. The gradient goes to the first maximum. */
export function maxPool(x: Tensor, window: Window = RESNET): Tensor {
  const { size, stride, padding } = window;
  const [images, h, w, cols] = shapeOfMap("maxPool", x);
  const [out_h, out_w] = [h, w].map((side) => Math.floor((side + 2 * padding - size) / stride) + 1);
  if (2 * padding > size || !(Math.min(out_h, out_w) > 0)) throw new Error(`maxPool: windows of ${size} do not fit [${x.shape}]`);
  const sizes = { images, h, w, cols, out_h, out_w, ...window };
  const y = x.graph.temp([images, out_h, out_w, cols], "f32", x.needsGrad);
  const places = x.graph.temp(y.shape, "u32");
  launch("max_pool", y, { map: x, places }, sizes, { KEEP: x.needsGrad });
  const gradient = (g: Tensor, previous?: RowGradient) =>
    launch("max_pool_gradient", x.graph.temp(x.shape), { g, kept: places }, sizes, {}, previous);
  if (x.needsGrad) x.graph.record(y, (g, grads) => grads.add(x, (previous) => gradient(g, previous)));
  return y;
}

/** Fills `out`, four channels of a pixel a lane, and returns it. */
function launch(
  entry: string,
  out: Tensor,
  bind: Record<string, Tensor>,
  sizes: Record<string, number>,
  constants: Record<string, boolean>,
  previous?: RowGradient,
): Tensor {
  const add = plus(previous);
  out.graph.launch("pool", entry, {
    constants: { ...constants, ...add.constants },
    bind: { ...bind, out, ...add.bind },
    params: { ...sizes, ...add.params },
    threads: out.rows * Math.ceil(out.cols / 4),
  });
  return out;
}
