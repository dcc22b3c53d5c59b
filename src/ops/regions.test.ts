import { describe, expect, test } from "vitest";
import { Graph, Live } from "../engine/graph";
import { Program } from "../engine/program";
import {
  bits,
  channelCase,
  closeSeamsCase,
  erase64,
  eraseCase,
  eraseMaskCase,
  mean,
  means64,
  open64,
  openSeamsCase,
  pixelMeansCase,
  pixelsOf,
  regionMeansCase,
  size,
  spatialCase,
  sum,
} from "./cases/regions";
import { check, randoms, testEngine, upload } from "./check";
import {
  channelAttention,
  closeSeams,
  erase,
  eraseMask,
  type Phi,
  regionCount,
  regionMeans,
  regionsOf,
  spatialAttention,
  usable,
} from "./regions";

const cases = [
  { shape: [2, 8, 8, 4], sides: [1, 2, 4] },
  { shape: [1, 5, 7, 3], sides: [1, 2] },
  { shape: [3, 9, 11, 5], sides: [4, 1] },
  { shape: [2, 4, 6, 1], sides: [2] },
];

test("regions tile the map at every level, with edges floor(i H / y)", () => {
  expect(regionsOf([4], [5, 7]).filter((_, i) => i % 5 === 0)).toEqual([
    [0, 0, 1, 1],
    [1, 1, 2, 3],
    [2, 3, 3, 5],
    [3, 5, 5, 7],
  ]);
  for (const { shape, sides } of cases) {
    expect(regionsOf(sides, shape.slice(1, 3))).toHaveLength(regionCount(sides));
    for (const side of sides) expect(sum(pixelsOf(shape, [side], 0).flat())).toBe(sum([...Array(shape[1] * shape[2]).keys()]));
  }
  expect(regionCount([1, 2, 4])).toBe(21);
});

test("levels whose cells would be single pixels are left out", () => {
  expect(usable([1, 2, 4], [16, 16])).toEqual([1, 2, 4]);
  expect(usable([1, 2, 4], [4, 8])).toEqual([1, 2]);
  expect(usable([1, 2, 4], [2, 2])).toEqual([1]);
  expect(usable([1, 2, 4], [1, 1])).toEqual([]);
});

test("refuses maps and masks that do not fit", async () => {
  const graph = new Graph(await testEngine());
  expect(() => regionMeans(graph.temp([2, 3, 4]), [1])).toThrow("a map is [B, H, W, C]");
  expect(() => regionMeans(graph.temp([2, 3, 3, 4]), [4])).toThrow("do not fit a map of 3 x 3");
  expect(() => regionMeans(graph.temp([2, 9, 9, 4]), [1, 2, 3, 4])).toThrow("more than 3 levels");
  expect(() => erase(graph.temp([2, 3, 3, 4]), graph.temp([1, 2, 3, 4]), [1])).toThrow("the mask is [1,2,3,4]");
});

describe.each(cases)("map $shape, cells per side $sides", ({ shape, sides }) => {
  const [batch, height, width, cols] = shape;

  test.each(["identity", "mean", "softmax"] as const)("Eq. 1, phi = %s", async (phi) => {
    await check(await testEngine(), spatialCase(shape, sides, phi));
  });

  test.each(["identity", "mean"] as const)("Eq. 1 in units of the image's mean, phi = %s", async (phi) => {
    await check(await testEngine(), spatialCase(shape, sides, phi, true));
  });

  test("Eq. 2", async () => {
    await check(await testEngine(), channelCase(shape, sides));
  });

  test.each([false, true])("means of regions, absolute: %s", async (absolute) => {
    await check(await testEngine(), regionMeansCase(shape, sides, absolute));
  });

  test.each([false, true])("erasing, a mask per channel: %s", async (channels) => {
    await check(await testEngine(), eraseCase(shape, sides, channels));
  });

  test("opening seams, and closing them again", async () => {
    await check(await testEngine(), openSeamsCase(shape, sides));
    await check(await testEngine(), closeSeamsCase(shape, sides));
  });

  test("what lies in open seams is dropped", async () => {
    const gap = Math.max(...sides) - 1;
    const opened = [sides.length, batch, height + gap, width + gap, cols];
    const index = Float64Array.from({ length: sides.length * size(shape) }, (_, i) => i + 1);
    const place = new Map([...open64({ x: index, shape: [sides.length, ...shape] }, sides)].map((v, i) => [v, i]));
    await check(await testEngine(), {
      inputs: { x: { shape: opened, grad: true } },
      op: ({ x }) => closeSeams(x, sides),
      reference: ({ x }) => [index.map((v) => x[place.get(v) as number])],
    });
  });
});

test("absolute means of pixels", async () => {
  await check(await testEngine(), pixelMeansCase([2, 3, 5, 7]));
});

test("a mask at a threshold", async () => {
  await check(await testEngine(), eraseMaskCase());
});

test("gradients of one map from several uses add up", async () => {
  const shape = [2, 4, 4, 3];
  const mask = { shape: [2, 2, 4, 4], data: bits(64, 9) };
  await check(await testEngine(), {
    inputs: { x: { shape, grad: true }, mask },
    op: ({ x, mask }) => regionMeans(erase(x, mask, [1, 2]).reshape([4, 4, 4, 3]), [2]),
    reference: ({ x, mask }) => [means64({ x: erase64({ x, shape }, mask, [1, 2], false), shape: [4, 4, 4, 3] }, [2])],
  });
});

test("no gradient passes attention or masks, even of features that learn", async () => {
  const graph = new Graph(await testEngine());
  const x = graph.fixed(upload(graph.engine, randoms(96, 1), "f32"), [1, 4, 4, 6], "f32", 0, true);
  const [space, channels] = [spatialAttention(x, [1, 2], { tau: 0.5 }), channelAttention(x, [1, 2], 0.5)];
  for (const t of [space, channels, eraseMask(space, 1), eraseMask(channels, 0.5)]) expect(t.needsGrad).toBe(false);
  const erased = erase(x, eraseMask(space, 1), [1, 2]);
  const grads = graph.gradients((g) => g.alias(erased, erased));
  const { d, e } = await (await Program.compile(graph, { d: grads.of(x)!, e: erased })).fetch();
  for (let i = 0; i < 96; i++) expect(d[i]).toBeCloseTo(e[i] + e[96 + i], 6);
});

describe("values computed by hand", () => {
  /** A map of 2 x 2 pixels and 2 channels whose pixels have these squared norms. */
  const norms = (squares: number[]) => ({ shape: [1, 2, 2, 2], data: squares.flatMap((s) => [Math.sqrt(s / 2), -Math.sqrt(s / 2)]) });

  async function attended(data: number[], shape: number[], omegas: number[], phi: Phi = "mean", tau = 0.5) {
    const graph = new Graph(await testEngine());
    const omega = new Live(0);
    const a = spatialAttention(graph.fixed(upload(graph.engine, data, "f32"), shape), [1], { tau, phi });
    const program = await Program.compile(graph, { a, mask: eraseMask(a, omega) });
    const masks: number[][] = [];
    let found: number[] = [];
    for (omega.value of omegas) {
      const { a, mask } = await program.fetch();
      found = [...a];
      masks.push([...mask]);
    }
    return { a: found, masks };
  }

  test("attention and masks of four pixels; omega is live", async () => {
    const { shape, data } = norms([0, 2, 4, 8]);
    const sigmas = await attended(data, shape, [0.95], "identity");
    for (const [i, s] of [0.5, 0.880797, 0.982014, 0.999665].entries()) expect(sigmas.a[i]).toBeCloseTo(s, 5);
    const { a, masks } = await attended(data, shape, [0.95, 1, 1.05]);
    for (const [i, v] of [0.5948, 1.047796, 1.168203, 1.189201].entries()) expect(a[i]).toBeCloseTo(v, 5);
    expect(masks).toEqual([
      [1, 0, 0, 0],
      [1, 0, 0, 0],
      [1, 1, 0, 0],
    ]);
  });

  test("a constant map is erased up to omega 1, and with phi = identity never from there on", async () => {
    const shape = [1, 7, 5, 3];
    for (const value of [0, 0.3, -1.7, 40]) {
      const data = new Array(105).fill(value);
      const { a, masks } = await attended(data, shape, [0.95, 1, 1.05]);
      expect(new Set(a)).toEqual(new Set([1]));
      expect(masks.map((m) => new Set(m))).toEqual([new Set([0]), new Set([0]), new Set([1])]);
    }
    const { masks } = await attended(
      [...randoms(105, 3)].map((v) => 2 * v),
      shape,
      [1, 1.05],
      "identity",
    );
    for (const mask of masks) expect(new Set(mask)).toEqual(new Set([1]));
  });

  test("at omega .5 a channel of mean >= 0 is erased, whatever tau; other thresholds shift by .2007 tau", async () => {
    const graph = new Graph(await testEngine());
    const [tau, omega] = [new Live(0.5), new Live(0.5)];
    const means = [0.2, -0.2, 0, 0.1002, 0.1004, -0.1004, -0.1002];
    const x = graph.fixed(upload(graph.engine, [...means, ...means], "f32"), [1, 1, 2, 7]);
    const program = await Program.compile(graph, { mask: eraseMask(channelAttention(x, [1], tau), omega) });
    const mask = async (t: number, w: number) => {
      [tau.value, omega.value] = [t, w];
      return [...(await program.fetch()).mask];
    };
    for (const t of [0.1, 0.5, 3]) expect(await mask(t, 0.5)).toEqual([0, 1, 0, 0, 0, 1, 1]);
    expect(await mask(0.5, 0.55)).toEqual([0, 1, 1, 1, 0, 1, 1]);
    expect(await mask(0.5, 0.45)).toEqual([0, 1, 0, 0, 0, 1, 0]);
  });

  test("pooling", async () => {
    const graph = new Graph(await testEngine());
    const constant = graph.fixed(upload(graph.engine, new Array(128).fill(0.7), "f32"), [1, 8, 8, 2]);
    const x = graph.fixed(upload(graph.engine, randoms(128, 5), "f32"), [1, 8, 8, 2]);
    const program = await Program.compile(graph, { same: regionMeans(constant, [1, 2, 4]), z: regionMeans(x, [1, 2, 4]) });
    const { same, z } = await program.fetch();
    expect(same).toHaveLength(42);
    for (const v of same) expect(v).toBeCloseTo(0.7, 6);
    for (const c of [0, 1]) expect(z[c]).toBeCloseTo(mean([2, 4, 6, 8].map((i) => z[i + c])), 6);
  });
});
