/** Convolutions in groups beside sums written as the definition has them. */
import type { Check } from "../evidence";
import { groupConv2d } from "../groupconv";

export interface Case {
  x: [number, number, number, number];
  out: number;
  groups: number;
  kernel: [number, number];
  stride?: number;
  padding?: number;
}

/** Sums written as the definition has them: an output channel reads the input channels of its own group. */
export function groupConv64(x: ArrayLike<number>, w: ArrayLike<number>, o: Case): Float64Array {
  const [batch, height, width, channels] = o.x;
  const { stride = 1, kernel, padding = (kernel[0] - 1) / 2 } = o;
  const [oh, ow] = [height, width].map((side, i) => Math.floor((side + 2 * padding - kernel[i]) / stride) + 1);
  const [each, own] = [channels / o.groups, o.out / o.groups];
  return Float64Array.from({ length: batch * oh * ow * o.out }, (_, at) => {
    const [out, pixel] = [at % o.out, Math.floor(at / o.out)];
    const [px, py, b] = [pixel % ow, Math.floor(pixel / ow) % oh, Math.floor(pixel / ow / oh)];
    let sum = 0;
    for (let ky = 0; ky < kernel[0]; ky++)
      for (let kx = 0; kx < kernel[1]; kx++) {
        const [y, column] = [py * stride + ky - padding, px * stride + kx - padding];
        if (y < 0 || column < 0 || y >= height || column >= width) continue;
        const from = ((b * height + y) * width + column) * channels + Math.floor(out / own) * each;
        for (let c = 0; c < each; c++) sum += x[from + c] * w[((out * kernel[0] + ky) * kernel[1] + kx) * each + c];
      }
    return sum;
  });
}

export const groupConvCase = (o: Case): Check => ({
  inputs: { x: { shape: o.x, grad: true }, w: { shape: [o.out, ...o.kernel, o.x[3] / o.groups], grad: true } },
  op: ({ x, w }) => groupConv2d(x, w, { stride: o.stride, padding: o.padding }),
  reference: ({ x, w }) => [groupConv64(x, w, o)],
});
