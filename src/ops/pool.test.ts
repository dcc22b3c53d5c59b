import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { check, testEngine } from "./check";
import { add } from "./maps";
import { avgPool, maxPool, regionMeans, type Window } from "./pool";

/** Elements of channel c of image b within rows top..bottom and columns left..right that exist. */
function inside(
  x: Float64Array,
  [, h, w, cols]: number[],
  b: number,
  c: number,
  rows: [number, number],
  columns: [number, number],
): number[] {
  const found: number[] = [];
  for (let r = Math.max(rows[0], 0); r < Math.min(rows[1], h); r++)
    for (let s = Math.max(columns[0], 0); s < Math.min(columns[1], w); s++) found.push(x[((b * h + r) * w + s) * cols + c]);
  return found;
}

/** One number for each window of rows(i) x columns(j), i < H, j < W. */
function windows64(
  x: Float64Array,
  shape: number[],
  [H, W]: [number, number],
  span: (i: number, axis: 1 | 2) => [number, number],
  reduce: (values: number[]) => number,
): Float64Array {
  const [batch, , , cols] = shape;
  return Float64Array.from({ length: batch * H * W * cols }, (_, i) => {
    const [c, j, r, b] = [i % cols, Math.floor(i / cols) % W, Math.floor(i / cols / W) % H, Math.floor(i / cols / W / H)];
    return reduce(inside(x, shape, b, c, span(r, 1), span(j, 2)));
  });
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("maxPool", () => {
  test.each<{ shape: number[]; window?: Window }>([
    { shape: [2, 8, 8, 4] },
    { shape: [1, 7, 5, 3] },
    { shape: [2, 1, 2, 1] },
    { shape: [1, 6, 9, 2], window: { size: 2, stride: 2, padding: 0 } },
    { shape: [1, 7, 8, 2], window: { size: 2, stride: 3, padding: 1 } },
  ])("$shape $window", async ({ shape, window }) => {
    const { size, stride, padding } = window ?? { size: 3, stride: 2, padding: 1 };
    const out = (side: number) => Math.floor((side + 2 * padding - size) / stride) + 1;
    const span = (i: number): [number, number] => [i * stride - padding, i * stride - padding + size];
    await check(await testEngine(), {
      inputs: { x: { shape, grad: true } },
      op: ({ x }) => maxPool(add(x, x), window),
      reference: ({ x }) => [windows64(x, shape, [out(shape[1]), out(shape[2])], span, (v) => 2 * Math.max(...v))],
    });
  });

  test("equal values: the gradient goes to the first", async () => {
    const graph = new Graph(await testEngine());
    await check(graph.engine, {
      inputs: { x: { shape: [1, 2, 2, 1], data: [3, 3, 3, 3] } },
      op: ({ x }, graph) => {
        const seen = graph.fixed(x.storage.buffer as GPUBuffer, x.shape, "f32", 0, true);
        const pooled = maxPool(seen, { size: 2, stride: 2, padding: 0 });
        return [pooled, graph.gradients((g) => g.alias(pooled, pooled)).of(seen) ?? pooled];
      },
      reference: () => [[3], [3, 0, 0, 0]],
    });
  });
});

describe("means", () => {
  test.each([
    { shape: [2, 8, 8, 4], y: 2 },
    { shape: [3, 7, 5, 3], y: 4 },
    { shape: [1, 6, 10, 1], y: 1 },
    { shape: [2, 4, 4, 2], y: 4 },
  ])("of $y x $y regions of $shape", async ({ shape, y }) => {
    const span = (i: number, axis: 1 | 2): [number, number] => [Math.floor((i * shape[axis]) / y), Math.floor(((i + 1) * shape[axis]) / y)];
    await check(await testEngine(), {
      inputs: { x: { shape, grad: true } },
      op: ({ x }) => add(regionMeans(x, y), regionMeans(x, y)),
      reference: ({ x }) => [windows64(x, shape, [y, y], span, (v) => 2 * mean(v))],
    });
  });

  test.each([
    { shape: [2, 6, 4, 3], size: 2 },
    { shape: [1, 3, 9, 1], size: 3 },
  ])("of windows of $size in $shape", async ({ shape, size }) => {
    await check(await testEngine(), {
      inputs: { x: { shape, grad: true } },
      op: ({ x }) => avgPool(x, size),
      reference: ({ x }) => [windows64(x, shape, [shape[1] / size, shape[2] / size], (i) => [i * size, (i + 1) * size], mean)],
    });
  });

  // T20: one region's mean is the mean of the four quarters' when these are equal.
  test("one mean of all is the mean of four equal regions' means", async () => {
    await check(await testEngine(), {
      inputs: { x: { shape: [2, 6, 8, 3] } },
      op: ({ x }) => [regionMeans(x, 1), regionMeans(regionMeans(x, 2).reshape([2, 2, 2, 3]), 1)],
      reference: ({ x }) => {
        const all = windows64(x, [2, 6, 8, 3], [1, 1], () => [0, 8], mean);
        return [all, all];
      },
    });
  });
});

test("windows and regions that do not fit are refused", async () => {
  const graph = new Graph(await testEngine());
  const map = graph.temp([1, 4, 6, 3]);
  expect(() => maxPool(map, { size: 9, stride: 1, padding: 1 })).toThrow("do not fit");
  expect(() => avgPool(map, 4)).toThrow("do not tile");
  expect(() => regionMeans(map, 5)).toThrow("no 5 x 5 cells");
});
