/** The Haar transform beside its definition. */
import type { Check } from "../evidence";
import { haar, promptWeights } from "../haar";

/** Signs of a block's four pixels in each band. */
export const SIGNS = [
  [1, 1, 1, 1],
  [1, 1, -1, -1],
  [1, -1, 1, -1],
  [1, -1, -1, 1],
];

/** Bands [B, h, w, 4, C] of one level. */
export function bands64(x: ArrayLike<number>, [batch, height, width, cols]: number[]): Float64Array {
  const [tall, wide] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const at = (b: number, i: number, j: number, c: number) => (i < height && j < width ? x[((b * height + i) * width + j) * cols + c] : 0);
  const out: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < tall; i++)
      for (let j = 0; j < wide; j++)
        for (const signs of SIGNS)
          for (let c = 0; c < cols; c++)
            out.push(signs.reduce((sum, s, k) => sum + 0.5 * s * at(b, 2 * i + (k >> 1), 2 * j + (k & 1), c), 0));
  return Float64Array.from(out);
}

const low = (bands: Float64Array, cols: number) => bands.filter((_, i) => Math.floor(i / cols) % 4 === 0);

/** Two levels; both pass gradients on. */
export const haarCase = (shape: number[]): Check => ({
  inputs: { x: { shape, grad: true } },
  op: ({ x }) =>
    haar(x, 2)
      .map(({ tensor }) => tensor)
      .reverse(),
  reference: ({ x }) => {
    const [batch, height, width, cols] = shape;
    const first = bands64(x, shape);
    return [bands64(low(first, cols), [batch, Math.ceil(height / 2), Math.ceil(width / 2), cols]), first];
  },
});

export const promptWeightsCase = (shape: number[]): Check => ({
  inputs: { x: { shape }, prompts: { shape: [5, shape[3]] } },
  op: ({ x, prompts }) => promptWeights(haar(x, 1)[0], prompts),
  reference: ({ x, prompts }) => {
    const cols = shape[3];
    const bands = bands64(x, shape);
    const dot = (row: number, t: number) =>
      Array.from({ length: cols }, (_, c) => prompts[t * cols + c] * [1, 2, 3].reduce((s, band) => s + bands[(row + band) * cols + c], 0));
    const weight = (row: number) => [0, 1, 2, 3, 4].reduce((sum, t) => sum + 0.2 / (1 + Math.exp(-dot(row, t).reduce((a, b) => a + b))), 0);
    return [Float64Array.from({ length: bands.length / cols }, (_, row) => (row % 4 === 0 ? 0 : weight(4 * Math.floor(row / 4))))];
  },
});
