import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { check, randoms, testEngine } from "./check";
import { add, maskCells, relu, scale, upsampleBilinear, upsampleNearest } from "./maps";

/** For each element of a map [B, H, W, C] in order: what `value(b, y, x, c)` says. */
function mapOf64([batch, h, w, cols]: readonly number[], value: (b: number, y: number, x: number, c: number) => number): Float64Array {
  return Float64Array.from({ length: batch * h * w * cols }, (_, i) => {
    const pixel = Math.floor(i / cols);
    return value(Math.floor(pixel / w / h), Math.floor(pixel / w) % h, pixel % w, i % cols);
  });
}

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
  await check(engine, { inputs, op: ({ a, b }) => add(relu(a), add(b, a)), reference: ({ a, b }) => [sum(positive(a), sum(a, b))] });
});

describe("scale", () => {
  const s = { shape: [1], data: [1.7], grad: true };

  test.each([...odd, [1, 30, 30, 40]])("[%i, %i, %i, %i]", async (...shape) => {
    await check(await testEngine(), {
      inputs: { x: { shape, grad: true }, s },
      op: ({ x, s }) => scale(x, s),
      reference: ({ x, s }) => [x.map((v) => s[0] * v)],
      tolerance: 3e-5,
    });
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
  ])("$shape by $grid", async ({ shape, grid: [gh, gw] }) => {
    const [batch, h, w, cols] = shape;
    const data = randoms(batch * gh * gw, 5).map((v) => Number(v > 0));
    const cell = (y: number, x: number) => Math.floor((y * gh) / h) * gw + Math.floor((x * gw) / w);
    await check(await testEngine(), {
      inputs: { x: { shape, grad: true }, mask: { shape: [batch, gh, gw], data } },
      op: ({ x, mask }) => add(maskCells(x, mask), x),
      reference: ({ x, mask }) => [
        mapOf64(shape, (b, r, c, k) => x[((b * h + r) * w + c) * cols + k] * (1 + mask[b * gh * gw + cell(r, c)])),
      ],
    });
  });
});

const resizes = [
  { shape: [1, 4, 4, 8], size: [32, 32] },
  { shape: [2, 2, 3, 4], size: [4, 6] },
  { shape: [1, 3, 4, 1], size: [7, 5] },
  { shape: [2, 7, 5, 3], size: [3, 4] },
  { shape: [1, 1, 1, 2], size: [3, 3] },
] as const;

describe.each(resizes)("$shape to $size", ({ shape, size: [H, W] }) => {
  const [batch, h, w, cols] = shape;
  const inputs = { x: { shape: [...shape], grad: true } };
  const at = (x: Float64Array, b: number, r: number, c: number, k: number) => x[((b * h + r) * w + c) * cols + k];

  test("nearest", async () => {
    const nearest64 = (x: Float64Array) =>
      mapOf64([batch, H, W, cols], (b, r, c, k) => at(x, b, Math.floor((r * h) / H), Math.floor((c * w) / W), k));
    const engine = await testEngine();
    await check(engine, { inputs, op: ({ x }) => upsampleNearest(x, [H, W]), reference: ({ x }) => [nearest64(x)] });
    await check(engine, {
      inputs,
      op: ({ x }) => upsampleNearest(add(upsampleNearest(x, [h, w]), x), [H, W]),
      reference: ({ x }) => [nearest64(x).map((v) => 2 * v)],
    });
  });

  test("bilinear", async () => {
    const taps = (i: number, size: number, count: number) => {
      const source = Math.min(Math.max(((i + 0.5) * size) / count - 0.5, 0), size - 1);
      return Array.from({ length: size }, (_, at) => Math.max(0, 1 - Math.abs(source - at)));
    };
    const sum = (weights: number[], value: (i: number) => number) => weights.reduce((total, v, i) => total + (v && v * value(i)), 0);
    const bilinear64 = (x: Float64Array) =>
      mapOf64([batch, H, W, cols], (b, i, j, k) => sum(taps(i, h, H), (r) => sum(taps(j, w, W), (c) => at(x, b, r, c, k))));
    const engine = await testEngine();
    await check(engine, { inputs, op: ({ x }) => upsampleBilinear(x, [H, W]), reference: ({ x }) => [bilinear64(x)] });
    await check(engine, {
      inputs,
      op: ({ x }) => upsampleBilinear(add(upsampleBilinear(x, [h, w]), x), [H, W]),
      reference: ({ x }) => [bilinear64(x).map((v) => 2 * v)],
    });
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
