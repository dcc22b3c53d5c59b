import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { bilinear64, maskCellsCase, nearest64, scaleCase, sumsCase, upsampleCase } from "./cases/maps";
import { check, testEngine } from "./check";
import { add, maskCells, scale, upsampleBilinear, upsampleNearest } from "./maps";

const odd = [
  [2, 3, 5, 4],
  [1, 7, 2, 3],
  [3, 1, 1, 1],
];

test.each(odd)("relu and sums of [%i, %i, %i, %i]", async (...shape) => {
  const inputs = { a: { shape, grad: true }, b: { shape, grad: true } };
  const sum = (a: Float64Array, b: Float64Array) => a.map((v, i) => v + b[i]);
  const positive = (v: Float64Array) => v.map((x) => Math.max(x, 0));
  const engine = await testEngine();
  await check(engine, { inputs, op: ({ a, b }) => add(a, b), reference: ({ a, b }) => [sum(a, b)] });
  await check(engine, { inputs, op: ({ a, b }) => add(a, b, { relu: true }), reference: ({ a, b }) => [positive(sum(a, b))] });
  await check(engine, sumsCase(shape));
});

describe("scale", () => {
  const s = { shape: [1], data: [1.7], grad: true };

  test.each([...odd, [1, 30, 30, 40]])("[%i, %i, %i, %i]", async (...shape) => {
    await check(await testEngine(), scaleCase(shape));
  });

  test("the factor learns where the input does not, and adds to what has arrived", async () => {
    const engine = await testEngine();
    await check(engine, {
      inputs: { x: { shape: [3, 5] }, s },
      op: ({ x, s }) => scale(x, s),
      reference: ({ x, s }) => [x.map((v) => s[0] * v)],
    });
    await check(engine, {
      inputs: { x: { shape: [3, 5], grad: true }, s },
      op: ({ x, s }) => add(scale(x, s), x),
      reference: ({ x, s }) => [x.map((v) => s[0] * v + v)],
    });
  });
});

describe("maskCells", () => {
  test.each([
    { shape: [2, 8, 8, 3], grid: [4, 4] },
    { shape: [3, 5, 7, 2], grid: [2, 3] },
    { shape: [1, 2, 2, 4], grid: [4, 4] },
  ])("$shape by $grid", async ({ shape, grid }) => {
    await check(await testEngine(), maskCellsCase(shape, grid));
  });
});

const resizes = [
  { shape: [1, 4, 4, 8], size: [32, 32] },
  { shape: [2, 2, 3, 4], size: [4, 6] },
  { shape: [1, 3, 4, 1], size: [7, 5] },
  { shape: [2, 7, 5, 3], size: [3, 4] },
  { shape: [1, 1, 1, 2], size: [3, 3] },
] as const;

describe.each(resizes)("$shape to $size", ({ shape, size }) => {
  const inputs = { x: { shape: [...shape], grad: true } };

  test("nearest", async () => {
    const engine = await testEngine();
    await check(engine, { inputs, op: ({ x }) => upsampleNearest(x, [...size]), reference: ({ x }) => [nearest64(x, shape, size)] });
    await check(engine, upsampleCase("nearest", [...shape], size));
  });

  test("bilinear", async () => {
    const engine = await testEngine();
    await check(engine, { inputs, op: ({ x }) => upsampleBilinear(x, [...size]), reference: ({ x }) => [bilinear64(x, shape, size)] });
    await check(engine, upsampleCase("bilinear", [...shape], size));
  });
});

test("bilinear: PyTorch's numbers for a row of four between two pixels", async () => {
  await check(await testEngine(), {
    inputs: { x: { shape: [1, 1, 2, 1], data: [3, 7] } },
    op: ({ x }) => upsampleBilinear(x, [1, 4]),
    reference: () => [[3, 4, 6, 7]],
  });
});

test("maps that do not fit are refused", async () => {
  const graph = new Graph(await testEngine());
  const map = graph.temp([2, 4, 4, 3]);
  expect(() => add(map, graph.temp([2, 4, 4, 2]))).toThrow("do not match");
  expect(() => scale(map, graph.temp([3]))).toThrow("not one number");
  expect(() => maskCells(map, graph.temp([3, 2, 2]))).toThrow("mask is [3,2,2]");
  expect(() => upsampleNearest(graph.temp([4, 4]), [8, 8])).toThrow("a map has axes");
  expect(() => upsampleNearest(map, [0, 8])).toThrow("to [0,8]");
  expect(() => upsampleBilinear(map, [8, 0])).toThrow("upsampleBilinear: cannot resize");
});
