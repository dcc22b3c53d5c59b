import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { type Check, check, testEngine } from "./check";
import { type ConvOptions, conv2d } from "./conv";
import { choice, choose, GEMM } from "./variants";

interface Case {
  x: [number, number, number, number];
  out: number;
  kernel: number;
  stride?: number;
  padding?: number;
}

/** The first two are large enough that each variant computes them itself. */
const cases: Case[] = [
  { x: [4, 11, 13, 8], out: 20, kernel: 3 },
  { x: [3, 12, 14, 12], out: 20, kernel: 3, stride: 2 },
  { x: [2, 11, 10, 3], out: 8, kernel: 7, stride: 2 },
  { x: [3, 5, 7, 5], out: 3, kernel: 3 },
  { x: [2, 7, 9, 4], out: 6, kernel: 1, stride: 2 },
];

/** Sums written as the definition has them. */
function conv64(x: Float64Array, w: Float64Array, o: Case): { y: Float64Array; shape: number[] } {
  const [batch, height, width, channels] = o.x;
  const { kernel: k, out, stride = 1, padding = (k - 1) / 2 } = o;
  const [oh, ow] = [height, width].map((side) => Math.floor((side + 2 * padding - k) / stride) + 1);
  const shape = [batch, oh, ow, out];
  const y = Float64Array.from({ length: batch * oh * ow * out }, (_, at) => {
    const [o1, pixel] = [at % out, Math.floor(at / out)];
    const [px, py, b] = [pixel % ow, Math.floor(pixel / ow) % oh, Math.floor(pixel / (ow * oh))];
    let sum = 0;
    for (let ky = 0; ky < k; ky++)
      for (let kx = 0; kx < k; kx++) {
        const [iy, ix] = [py * stride + ky - padding, px * stride + kx - padding];
        if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
        const [from, tap] = [((b * height + iy) * width + ix) * channels, ((o1 * k + ky) * k + kx) * channels];
        for (let c = 0; c < channels; c++) sum += x[from + c] * w[tap + c];
      }
    return sum;
  });
  return { y, shape };
}

function convolution(o: Case, options: ConvOptions = {}): Check {
  const { kernel, stride, padding, out } = o;
  return {
    inputs: { x: { shape: o.x, grad: true }, w: { shape: [out, kernel, kernel, o.x[3]], grad: true }, b: { shape: [out], grad: true } },
    op: ({ x, w, b }) => conv2d(x, w, { bias: b, stride, padding, ...options }),
    reference: ({ x, w, b }) => {
      const y = conv64(x, w, o).y.map((v, i) => v + b[i % out]);
      return [options.activation ? y.map((v) => Math.max(v, 0)) : y];
    },
  };
}

const named = (o: Case) => ({ o, name: `${o.kernel}x${o.kernel}, stride ${o.stride ?? 1}, [${o.x}] -> ${o.out}` });

describe.each(Object.keys(GEMM))("conv2d with %s", (gemm) => {
  test.for(cases.map(named))("$name", async ({ o }, { skip }) => {
    const engine = await testEngine();
    if (!GEMM[gemm].runs(engine.facts)) skip(`${gemm} does not run on ${engine.facts.name}`);
    const usual = choice(engine);
    choose(engine, { gemm });
    // f16 tiles keep 11 bits of each factor.
    await check(engine, { ...convolution(o), tolerance: GEMM[gemm].constants.HALF ? 2e-2 : 1e-5 });
    choose(engine, usual);
  });
});

const odd: Case[] = [
  { x: [1, 1, 1, 1], out: 1, kernel: 1 },
  { x: [2, 4, 6, 8], out: 5, kernel: 1 },
  { x: [1, 6, 5, 4], out: 4, kernel: 3, padding: 0 },
  { x: [1, 6, 5, 4], out: 4, kernel: 3, padding: 3 },
  { x: [2, 7, 8, 2], out: 3, kernel: 3, stride: 3, padding: 2 },
  { x: [1, 2, 2, 4], out: 4, kernel: 7 },
  { x: [1, 5, 4, 4], out: 4, kernel: 2, padding: 0 },
];

test.for(odd.map((o) => ({ ...named(o), name: `${named(o).name}, padding ${o.padding}` })))("$name", async ({ o }) => {
  await check(await testEngine(), convolution(o));
});

test("ReLU, alone and between convolutions", async () => {
  const engine = await testEngine();
  const o: Case = { x: [2, 6, 7, 4], out: 8, kernel: 3 };
  const second: Case = { x: [2, 6, 7, 8], out: 5, kernel: 3, stride: 2 };
  await check(engine, convolution(o, { activation: "relu" }));
  await check(engine, {
    inputs: {
      x: { shape: o.x, grad: true },
      w: { shape: [8, 3, 3, 4], grad: true },
      v: { shape: [5, 3, 3, 8], grad: true },
      u: { shape: [4, 1, 1, 8], grad: true },
    },
    op: ({ x, w, v, u }) => {
      const hidden = conv2d(x, w, { activation: "relu" });
      return [conv2d(hidden, v, { stride: 2 }), conv2d(hidden, u)];
    },
    reference: ({ x, w, v, u }) => {
      const hidden = conv64(x, w, o).y.map((y) => Math.max(y, 0));
      return [conv64(hidden, v, second).y, conv64(hidden, u, { x: second.x, out: 4, kernel: 1 }).y];
    },
  });
});

test("the result's shape is PyTorch's", async () => {
  const graph = new Graph(await testEngine());
  const shape = (side: number, kernel: number, stride: number) =>
    conv2d(graph.temp([1, side, side, 4]), graph.temp([2, kernel, kernel, 4]), { stride }).shape;
  expect(shape(128, 7, 2)).toEqual([1, 64, 64, 2]);
  expect(shape(15, 3, 2)).toEqual([1, 8, 8, 2]);
  expect(() => shape(4, 2, 1)).toThrow("padding 0.5");
  expect(() => conv2d(graph.temp([1, 4, 4, 4]), graph.temp([2, 3, 3, 8]))).toThrow("conv2d: x is [1,4,4,4]");
});
