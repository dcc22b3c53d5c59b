/** Pooling of feature maps [B, H, W, C]; see shaders/pool.wgsl. */
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
  const [batch, h, w, cols] = shapeOfMap("maxPool", x);
  const out = (side: number) => Math.floor((side + 2 * padding - size) / stride) + 1;
  if (2 * padding > size || !(Math.min(out(h), out(w)) > 0)) throw new Error(`maxPool: windows of ${size} do not fit [${x.shape}]`);
  const y = x.graph.temp([batch, out(h), out(w), cols], "f32", x.needsGrad);
  const places = x.needsGrad ? x.graph.temp(y.shape, "u32") : undefined;
  launch(x, y, "max_pool", { map: x, out: y, ...(places && { places }) }, window);
  if (places)
    x.graph.record(y, (g, grads) =>
      grads.add(x, (previous) => gradient(x, y, "max_pool_gradient", { g, places_in: places }, window, previous)),
    );
  return y;
}

/** Means over windows of `size` x `size` side by side. Throws unless they tile the map. */
export function avgPool(x: Tensor, size: number): Tensor {
  const [, h, w] = shapeOfMap("avgPool", x);
  if (h % size || w % size) throw new Error(`avgPool: windows of ${size} do not tile [${x.shape}]`);
  return cellMeans(x, h / size, w / size);
}

/**
 * Means over a grid of y x y cells, [B, y², C]; cell edges at floor(i H / y), so each pixel lies in one cell. Throws when a
 * cell would be empty.
 */
export function regionMeans(x: Tensor, y: number): Tensor {
  const [batch, h, w, cols] = shapeOfMap("regionMeans", x);
  if (y < 1 || y > h || y > w) throw new Error(`regionMeans: no ${y} x ${y} cells in [${x.shape}]`);
  return cellMeans(x, y, y).reshape([batch, y * y, cols]);
}

function cellMeans(x: Tensor, rows: number, columns: number): Tensor {
  const y = x.graph.temp([x.shape[0], rows, columns, x.cols], "f32", x.needsGrad);
  launch(x, y, "cell_means", { map: x, out: y });
  if (x.needsGrad)
    x.graph.record(y, (g, grads) => grads.add(x, (previous) => gradient(x, y, "cell_means_gradient", { g }, undefined, previous)));
  return y;
}

function gradient(x: Tensor, y: Tensor, entry: string, bind: Record<string, Tensor>, window?: Window, previous?: RowGradient): Tensor {
  const out = x.graph.temp(x.shape);
  launch(x, y, entry, { ...bind, out }, window, previous);
  return out;
}

const NO_WINDOW: Window = { size: 0, stride: 0, padding: 0 };

/** A launch over the elements of what `bind.out` is: y forward, x backward. */
function launch(x: Tensor, y: Tensor, entry: string, bind: Record<string, Tensor>, window = NO_WINDOW, previous?: RowGradient): void {
  const [images, h, w, cols] = x.shape;
  const [, out_h, out_w] = y.shape;
  const add = plus(previous);
  x.graph.launch("pool", entry, {
    constants: { KEEP: "places" in bind, ...add.constants },
    bind: { ...bind, ...add.bind },
    params: { images, h, w, cols, out_h, out_w, ...window, ...add.params },
    threads: bind.out.rows * Math.ceil(cols / 4),
  });
}
