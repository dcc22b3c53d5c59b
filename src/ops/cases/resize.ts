/** Bilinear resizing beside its definition. */
import type { Check } from "../evidence";
import { type Grid, resize } from "../resize";

/** By the definition: every output weighs every input. */
export function resize64(x: ArrayLike<number>, [planes, h, w, H, W]: number[], { start, step }: Grid): Float64Array {
  const weight = (axis: 0 | 1, i: number, at: number, size: number) => {
    const source = Math.min(Math.max(start[axis] + i * step[axis], 0), size - 1);
    return Math.max(0, 1 - Math.abs(source - at));
  };
  const out = new Float64Array(planes * H * W);
  for (let o = 0; o < out.length; o++)
    for (let y = 0; y < h; y++)
      for (let z = 0; z < w; z++)
        out[o] += weight(0, Math.floor(o / W) % H, y, h) * weight(1, o % W, z, w) * x[(Math.floor(o / W / H) * h + y) * w + z];
  return out;
}

export const halfPixel = (h: number, w: number, H: number, W: number): Grid => ({
  step: [h / H, w / W],
  start: [h / H / 2 - 0.5, w / W / 2 - 0.5],
});

/** Half-pixel centres. */
export function resizeCase(shape: number[], [H, W]: [number, number]): Check {
  const [h, w] = shape.slice(-2);
  const planes = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  return {
    inputs: { x: { shape, grad: true } },
    op: ({ x }) => resize(x, [H, W]),
    reference: ({ x }) => [resize64(x, [planes, h, w, H, W], halfPixel(h, w, H, W))],
  };
}
