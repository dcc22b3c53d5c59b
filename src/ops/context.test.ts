import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { check, testEngine } from "./check";
import { addToAll, weightedSum } from "./context";
import { add } from "./maps";

const cases = [{ shape: [2, 3, 5, 4] }, { shape: [3, 1, 1] }, { shape: [1, 7, 2, 9] }];

const pixels = (shape: number[]) => shape.slice(1, -1).reduce((a, b) => a * b, 1);

/** Row of element i, its place among the sums of images and columns, and how many of those there are. */
function place([batch, ...rest]: number[], i: number) {
  const cols = rest[rest.length - 1];
  const row = Math.floor(i / cols);
  return { row, at: Math.floor(row / pixels([batch, ...rest])) * cols + (i % cols), sums: batch * cols };
}

test.each(cases)("weighted sums over the pixels of $shape", async ({ shape }) => {
  await check(await testEngine(), {
    inputs: { x: { shape, grad: true }, w: { shape: [shape[0], pixels(shape)], grad: true } },
    op: ({ x, w }) => weightedSum(x, w),
    reference: ({ x, w }) => {
      const out = new Float64Array(place(shape, 0).sums);
      for (const [i, v] of x.entries()) out[place(shape, i).at] += w[place(shape, i).row] * v;
      return [out];
    },
  });
});

test.each(cases)("a vector added to every pixel of $shape, used twice", async ({ shape }) => {
  await check(await testEngine(), {
    inputs: { x: { shape, grad: true }, t: { shape: [shape[0], shape[shape.length - 1]], grad: true } },
    op: ({ x, t }) => add(addToAll(addToAll(x, t), t), x),
    reference: ({ x, t }) => [x.map((v, i) => 2 * v + 2 * t[place(shape, i).at])],
  });
});

test("refuses shapes that do not match", async () => {
  const graph = new Graph(await testEngine());
  expect(() => weightedSum(graph.temp([2, 3, 4]), graph.temp([3, 2]))).toThrow("weights [3,2]");
  expect(() => addToAll(graph.temp([2, 3, 4]), graph.temp([2, 3]))).toThrow("[2,3] to all of [2,3,4]");
});
