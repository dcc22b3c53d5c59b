/** Maps beside their definitions. */
import { type Check, randoms } from "../evidence";
import { add, maskCells, relu, scale, upsampleBilinear, upsampleNearest } from "../maps";

/** For each element of a map [B, H, W, C] in order: what `value(b, y, x, c)` says. */
function mapOf64([batch, h, w, cols]: readonly number[], value: (b: number, y: number, x: number, c: number) => number): Float64Array {
  return Float64Array.from({ length: batch * h * w * cols }, (_, i) => {
    const pixel = Math.floor(i / cols);
    return value(Math.floor(pixel / w / h), Math.floor(pixel / w) % h, pixel % w, i % cols);
  });
}

/** relu(a) + (b + a), with what has arrived before. */
export const sumsCase = (shape: number[]): Check => ({
  inputs: { a: { shape, grad: true }, b: { shape, grad: true } },
  op: ({ a, b }) => add(relu(a), add(b, a)),
  reference: ({ a, b }) => [a.map((v, i) => Math.max(v, 0) + v + b[i])],
});

export const scaleCase = (shape: number[]): Check => ({
  inputs: { x: { shape, grad: true }, s: { shape: [1], data: [1.7], grad: true } },
  op: ({ x, s }) => scale(x, s),
  reference: ({ x, s }) => [x.map((v) => s[0] * v)],
  tolerance: 3e-5,
});

export function maskCellsCase(shape: number[], [gh, gw]: number[]): Check {
  const [batch, h, w, cols] = shape;
  const data = randoms(batch * gh * gw, 5).map((v) => Number(v > 0));
  const cell = (y: number, x: number) => Math.floor((y * gh) / h) * gw + Math.floor((x * gw) / w);
  return {
    inputs: { x: { shape, grad: true }, mask: { shape: [batch, gh, gw], data } },
    op: ({ x, mask }) => add(maskCells(x, mask), x),
    reference: ({ x, mask }) => [
      mapOf64(shape, (b, r, c, k) => x[((b * h + r) * w + c) * cols + k] * (1 + mask[b * gh * gw + cell(r, c)])),
    ],
  };
}

type Size = readonly [number, number];
const at = (x: Float64Array, [, h, w, cols]: readonly number[], b: number, r: number, c: number, k: number) =>
  x[((b * h + r) * w + c) * cols + k];

export const nearest64 = (x: Float64Array, shape: readonly number[], [H, W]: Size): Float64Array =>
  mapOf64([shape[0], H, W, shape[3]], (b, r, c, k) => at(x, shape, b, Math.floor((r * shape[1]) / H), Math.floor((c * shape[2]) / W), k));

export function bilinear64(x: Float64Array, shape: readonly number[], [H, W]: Size): Float64Array {
  const [batch, h, w, cols] = shape;
  const taps = (i: number, size: number, count: number) => {
    const source = Math.min(Math.max(((i + 0.5) * size) / count - 0.5, 0), size - 1);
    return Array.from({ length: size }, (_, at) => Math.max(0, 1 - Math.abs(source - at)));
  };
  const sum = (weights: number[], value: (i: number) => number) => weights.reduce((total, v, i) => total + (v && v * value(i)), 0);
  return mapOf64([batch, H, W, cols], (b, i, j, k) => sum(taps(i, h, H), (r) => sum(taps(j, w, W), (c) => at(x, shape, b, r, c, k))));
}

/** A map resized; what was resized before is added, so that a gradient has arrived already. */
export function upsampleCase(kind: "nearest" | "bilinear", shape: number[], size: Size): Check {
  const [up, reference] = kind === "nearest" ? [upsampleNearest, nearest64] : [upsampleBilinear, bilinear64];
  return {
    inputs: { x: { shape, grad: true } },
    op: ({ x }) => up(add(up(x, [shape[1], shape[2]]), x), [...size]),
    reference: ({ x }) => [reference(x, shape, size).map((v) => 2 * v)],
  };
}
