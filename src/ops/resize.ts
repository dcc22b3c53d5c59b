/** Bilinear resize of images or score maps; see shaders/resize.wgsl. */
import type { RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";

/** Where outputs are sampled: output (i, j) at input row start[0] + i step[0] and column start[1] + j step[1]; steps are positive. */
export interface Grid {
  start: readonly [number, number];
  step: readonly [number, number];
}

/**
 * x [.., h, w] -> [.., H, W]. By default the whole image with half-pixel centres (align_corners = false: step h/H, start
 * step/2 - 1/2); another `grid` crops or aligns otherwise. Coordinates beyond the image take its border.
 * Throws for fewer than two axes, an empty size or a step that is not positive.
 */
export function resize(x: Tensor, size: readonly [number, number], grid: Grid = halfPixel(x, size)): Tensor {
  const [h, w] = x.shape.slice(-2);
  const [H, W] = size;
  if (x.shape.length < 2 || !(Math.min(h, w, H, W) > 0)) throw new Error(`resize: cannot resize [${x.shape}] to [${size}]`);
  if (!(Math.min(...grid.step) > 0)) throw new Error(`resize: steps [${grid.step}] are not positive`);
  const out = x.graph.temp([...x.shape.slice(0, -2), H, W], "f32", x.needsGrad);
  const sizes = {
    ...{ planes: x.rows / h, h, w, out_h: H, out_w: W },
    ...{ start_y: grid.start[0], step_y: grid.step[0], start_x: grid.start[1], step_x: grid.step[1] },
  };
  const params = { ...sizes, ...plus().params, ...place("x", x) };
  x.graph.launch("resize", "forward", { bind: { image: x, out }, params, threads: out.size });
  if (x.needsGrad) x.graph.record(out, (g, grads) => grads.add(x, (previous) => backward(x, g, sizes, previous)));
  return out;
}

function halfPixel(x: Tensor, size: readonly [number, number]): Grid {
  const [h, w] = x.shape.slice(-2);
  const step = [h / size[0], w / size[1]] as const;
  return { step, start: [step[0] / 2 - 0.5, step[1] / 2 - 0.5] };
}

function backward(x: Tensor, g: Tensor, sizes: Record<string, number>, previous?: RowGradient): Tensor {
  const out = x.graph.temp(x.shape);
  const { constants, bind, params } = plus(previous);
  x.graph.launch("resize", "backward", {
    constants,
    bind: { ...bind, image: g, out },
    params: { ...sizes, ...params, ...place("x", g) },
    threads: out.size,
  });
  return out;
}
