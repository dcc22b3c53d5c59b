/** Global context beside loops. */
import { addToAll, gateChannels, weightedSum } from "../context";
import type { Check } from "../evidence";
import { add } from "../maps";

const pixels = (shape: number[]) => shape.slice(1, -1).reduce((a, b) => a * b, 1);

/** Row of element i, its place among the sums of images and columns, and how many of those there are. */
function place([batch, ...rest]: number[], i: number) {
  const cols = rest[rest.length - 1];
  const row = Math.floor(i / cols);
  return { row, at: Math.floor(row / pixels([batch, ...rest])) * cols + (i % cols), sums: batch * cols };
}

export const weightedSumCase = (shape: number[]): Check => ({
  inputs: { x: { shape, grad: true }, w: { shape: [shape[0], pixels(shape)], grad: true } },
  op: ({ x, w }) => weightedSum(x, w),
  reference: ({ x, w }) => {
    const out = new Float64Array(place(shape, 0).sums);
    for (const [i, v] of x.entries()) out[place(shape, i).at] += w[place(shape, i).row] * v;
    return [out];
  },
});

/** Added twice, and to what is there. */
export const addToAllCase = (shape: number[]): Check => ({
  inputs: { x: { shape, grad: true }, t: { shape: [shape[0], shape[shape.length - 1]], grad: true } },
  op: ({ x, t }) => add(addToAll(addToAll(x, t), t), x),
  reference: ({ x, t }) => [x.map((v, i) => 2 * v + 2 * t[place(shape, i).at])],
});

/** Twice, and added to what is there. */
export const gateCase = (shape: number[]): Check => ({
  inputs: { x: { shape, grad: true }, t: { shape: [shape[0], shape[shape.length - 1]], grad: true } },
  op: ({ x, t }) => add(gateChannels(gateChannels(x, t), t), x),
  reference: ({ x, t }) => [x.map((v, i) => v + v / (1 + Math.exp(-t[place(shape, i).at])) ** 2)],
});
