import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { check, randoms, testEngine, upload } from "./check";
import { haar } from "./haar";
import { bands64, SIGNS } from "./haar.fixture";
import { asOp } from "./losses.fixture";
import { diceLoss, maskedInverse, maskedLow, promptMasks } from "./prompts";

const T = 3;
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Masks [blocks, T] by prompts of the bands from `first` to `last`. */
function masks64(bands: ArrayLike<number>, prompts: ArrayLike<number>, cols: number, [first, last]: [number, number]): Float64Array {
  const asked = (block: number, c: number) => total(range(last - first + 1).map((k) => bands[(4 * block + first + k) * cols + c]));
  const dot = (block: number, t: number) => total(range(cols).map((c) => prompts[t * cols + c] * asked(block, c)));
  return Float64Array.from(range((bands.length / 4 / cols) * T), (i) => 1 / (1 + Math.exp(-dot(Math.floor(i / T), i % T))));
}

const weight64 = (masks: ArrayLike<number>, block: number) => total(range(T).map((t) => masks[block * T + t]));

/** The map [B, H, W, C] of `low` and weighted details. */
function inverse64(bands: ArrayLike<number>, low: ArrayLike<number>, masks: ArrayLike<number>, [batch, height, width, cols]: number[]) {
  const [tall, wide] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  return range(batch * height * width * cols).map((i) => {
    const [c, pixel] = [i % cols, Math.floor(i / cols)];
    const [x, y, b] = [pixel % width, Math.floor(pixel / width) % height, Math.floor(pixel / width / height)];
    const block = (b * tall + (y >> 1)) * wide + (x >> 1);
    const signs = SIGNS.map((band) => band[2 * (y & 1) + (x & 1)]);
    const details = total([1, 2, 3].map((k) => signs[k] * bands[(4 * block + k) * cols + c]));
    return 0.5 * (low[block * cols + c] + weight64(masks, block) * details);
  });
}

describe.each([{ shape: [2, 8, 8, 3] }, { shape: [1, 5, 7, 4] }, { shape: [3, 2, 3, 1] }])("$shape", ({ shape }) => {
  const [batch, height, width, cols] = shape;
  const blocks = batch * Math.ceil(height / 2) * Math.ceil(width / 2);

  test.each([
    { of: "details", among: [1, 3] as [number, number] },
    { of: "low", among: [0, 0] as [number, number] },
  ] as const)("masks of $of by prompts", async ({ of, among }) => {
    await check(await testEngine(), {
      inputs: { x: { shape }, prompts: { shape: [T, cols], grad: true } },
      op: ({ x, prompts }) => promptMasks(haar(x, 1)[0], prompts, of),
      reference: ({ x, prompts }) => [masks64(bands64(x, shape), prompts, cols, [...among])],
    });
  });

  test("the low band under masks", async () => {
    await check(await testEngine(), {
      inputs: { x: { shape }, masks: { shape: [blocks, T], grad: true } },
      op: ({ x, masks }) => maskedLow(haar(x, 1)[0], masks),
      reference: ({ x, masks }) => {
        const bands = bands64(x, shape);
        return [
          range(blocks * cols).map((i) => weight64(masks, Math.floor(i / cols)) * bands[4 * cols * Math.floor(i / cols) + (i % cols)]),
        ];
      },
    });
  });

  test("features from a low band and details under masks", async () => {
    await check(await testEngine(), {
      inputs: {
        x: { shape },
        low: { shape: [batch, Math.ceil(height / 2), Math.ceil(width / 2), cols], grad: true },
        masks: { shape: [blocks, T], grad: true },
      },
      op: ({ x, low, masks }) => maskedInverse(haar(x, 1)[0], low, masks, [height, width]),
      reference: ({ x, low, masks }) => [inverse64(bands64(x, shape), low, masks, shape)],
    });
  });
});

test("three levels under masks that sum to one are the map itself", async () => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const shape = [2, 11, 13, 3];
  const values = randoms(858, 4);
  const levels = haar(graph.fixed(upload(engine, values, "f32"), shape), 3);
  const even = (rows: number) => graph.fixed(upload(engine, Array(rows * T).fill(1 / T), "f32"), [rows, T]);
  const sides = [[11, 13] as const, ...levels.map(({ size: [, h, w] }) => [h, w] as const)];
  const map = levels.reduceRight(
    (low, bands, j) => maskedInverse(bands, low, even(bands.tensor.rows / 4), sides[j]),
    maskedLow(levels[2], even(levels[2].tensor.rows / 4)),
  );
  const { map: found } = await (await Program.compile(graph, { map })).fetch();
  for (const [i, v] of found.entries()) expect(Math.abs(v - values[i])).toBeLessThan(1e-5);
});

describe("the Dice penalty", () => {
  const batch = 2;
  const shape = [batch * 5, T];
  const data = randoms(30, 6).map((v) => Math.abs(v));

  test("is a mean over images and pairs", async () => {
    await check(await testEngine(), {
      inputs: { masks: { shape, data, grad: true } },
      op: ({ masks }, graph) => asOp(graph, diceLoss(masks, batch)),
      reference: ({ masks }) => {
        const dot = (b: number, i: number, j: number) =>
          total(range(5).map((p) => masks[(5 * b + p) * T + i] * masks[(5 * b + p) * T + j]));
        const pairs = range(T).flatMap((i) => range(T).flatMap((j) => (i === j ? [] : [[i, j]])));
        const each = range(batch).flatMap((b) => pairs.map(([i, j]) => (2 * dot(b, i, j)) / (dot(b, i, i) + dot(b, j, j) + 2e-12)));
        return [[total(each) / each.length]];
      },
    });
  });

  test("is 1 where masks are equal and 0 where they share nothing", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const value = (masks: number[]) => diceLoss(graph.fixed(upload(engine, masks, "f32"), [3, T]), 1).value;
    const outputs = { equal: value([1, 1, 1, 0.5, 0.5, 0.5, 0, 0, 0]), apart: value([1, 0, 0, 0, 1, 0, 0, 0, 1]) };
    const { equal, apart } = await (await Program.compile(graph, outputs)).fetch();
    expect(equal[0]).toBeCloseTo(1, 6);
    expect(apart[0]).toBe(0);
  });
});
