import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { convolutionCase } from "./cases/variants";
import { check, testEngine } from "./check";
import { conv2d } from "./conv";
import { type ConvDims, conv64 } from "./reference";
import { choice, choose, GEMM } from "./variants";

/** The first two are large enough that each variant computes them itself. */
const cases: ConvDims[] = [
  { x: [4, 11, 13, 8], out: 20, kernel: 3 },
  { x: [3, 12, 14, 12], out: 20, kernel: 3, stride: 2 },
  { x: [2, 11, 10, 3], out: 8, kernel: 7, stride: 2 },
  { x: [3, 5, 7, 5], out: 3, kernel: 3 },
  { x: [2, 7, 9, 4], out: 6, kernel: 1, stride: 2 },
];

const named = (o: ConvDims) => ({
  ...{ o, spec: convolutionCase(o) },
  name: `${o.kernel}x${o.kernel}, stride ${o.stride ?? 1}, [${o.x}] -> ${o.out}`,
});
const proofs = cases.map(named);

describe.each(Object.keys(GEMM))("conv2d with %s", (gemm) => {
  test.for(proofs)("$name", async ({ spec }, { skip }) => {
    const engine = await testEngine();
    if (!GEMM[gemm].runs(engine.facts)) skip(`${gemm} does not run on ${engine.facts.name}`);
    const usual = choice(engine);
    choose(engine, { gemm });
    // f16 tiles keep 11 bits of each factor.
    await check(engine, spec, GEMM[gemm].constants.HALF ? 2e-2 : 1e-5);
    choose(engine, usual);
  });
});

const odd: ConvDims[] = [
  { x: [1, 1, 1, 1], out: 1, kernel: 1 },
  { x: [2, 4, 6, 8], out: 5, kernel: 1 },
  { x: [1, 6, 5, 4], out: 4, kernel: 3, padding: 0 },
  { x: [1, 6, 5, 4], out: 4, kernel: 3, padding: 3 },
  { x: [2, 7, 8, 2], out: 3, kernel: 3, stride: 3, padding: 2 },
  { x: [1, 2, 2, 4], out: 4, kernel: 7 },
  { x: [1, 5, 4, 4], out: 4, kernel: 2, padding: 0 },
];

test.for(odd.map((o) => ({ ...named(o), name: `${named(o).name}, padding ${o.padding}` })))("$name", async ({ spec }) => {
  await check(await testEngine(), spec);
});

test("ReLU, alone and between convolutions", async () => {
  const engine = await testEngine();
  const o: ConvDims = { x: [2, 6, 7, 4], out: 8, kernel: 3 };
  const second: ConvDims = { x: [2, 6, 7, 8], out: 5, kernel: 3, stride: 2 };
  await check(engine, convolutionCase(o, { activation: "relu" }));
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
