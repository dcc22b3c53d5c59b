import { describe, expect, test, vi } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { type Engine, openEngine } from "../engine/device";
import { activatedCase, linearCase, perceptronCase } from "./cases/variants";
import { type Check, check, testEngine } from "./check";
import { expected } from "./evidence";
import { linear } from "./linear";
import { erf64, matmul64, transpose64 } from "./reference";
import { unitRows } from "./relations";
import { straying } from "./roundings";
import { recorded } from "./timing";
import { choose, GEMM, type GemmVariant } from "./variants";

const [large, odd, least] = [
  { m: 340, n: 68, k: 20 },
  { m: 33, n: 7, k: 5 },
  { m: 1, n: 1, k: 1 },
];
/** Of the large shape the perceptron alone has a bias, too. */
const proofs: [string, Check][] = [
  ["bias, 33 x 7 x 5", linearCase(odd)],
  ["bias, 1 x 1 x 1", linearCase(least)],
  ["a two-layer perceptron with residual, 340 x 68 x 20", perceptronCase("gelu", large)],
  ["a two-layer perceptron with residual, 33 x 7 x 5", perceptronCase("gelu", odd)],
];

test("erf64 agrees with published values", () => {
  expect(erf64(0.5)).toBeCloseTo(0.5204998778130465, 14);
  expect(erf64(3.5)).toBeCloseTo(0.9999992569016276, 14);
});

describe.each(Object.keys(GEMM))("linear with %s", (gemm) => {
  test.for(proofs)("%s", async ([, spec], { skip }) => {
    const engine = await testEngine();
    if (!GEMM[gemm].runs(engine.facts)) skip(`${gemm} does not run on ${engine.facts.name}`);
    choose(engine, { gemm });
    // f16 tiles round both factors of each layer.
    await check(engine, spec, GEMM[gemm].constants.HALF ? straying(4, expected(spec)[0].values) : undefined);
  });
});

test("a perceptron with ReLU", async () => {
  await check(await testEngine(), perceptronCase("relu", odd));
});

test("an activation whose output is the result", async () => {
  await check(await testEngine(), activatedCase({ m: 9, n: 5, k: 6 }));
});

test("a weight that is made from a parameter passes its gradient on, from two uses of it", async () => {
  const [m, n, k] = [6, 9, 5];
  const shapes = { x: { shape: [m, k], grad: true }, z: { shape: [m, k], grad: true }, v: { shape: [n, k], grad: true } };
  const normalised = (v: Float64Array) => v.map((value, i) => value / Math.hypot(...v.subarray(i - (i % k), i - (i % k) + k)));
  await check(await testEngine(), {
    inputs: shapes,
    op: ({ x, z, v }) => {
      const w = unitRows(v);
      return linear(x, w, { residual: linear(z, w) });
    },
    reference: ({ x, z, v }) => [
      matmul64(
        x.map((value, i) => value + z[i]),
        transpose64(normalised(v), n, k),
        m,
        k,
        n,
      ),
    ],
  });
});

test("a large weight's gradient in many parts is summed at once, so that gradients take no more memory than the weight", async () => {
  const engine = await openEngine(await nodeGPU());
  engine.facts = { ...engine.facts, software: false }; // where many workgroups must be kept busy
  choose(engine, { gemm: "register4x4x64", machine: "512" }); // soonest compiled, and parts cost nothing
  const shader = vi.spyOn(engine, "shader");
  await check(engine, { ...linearCase({ m: 400, n: 256, k: 132 }), samples: 3 });
  expect(shader.mock.calls.filter(([, entry]) => entry === "sum_parts")).toHaveLength(1);
  engine.destroy();
}, 300_000);

/** The variants of the products of a layer [m, n] of k inputs: forward, of the gradient of its input, and of that of its weight. */
function variantsOf(engine: Engine, m: number, n: number, k: number): (string | undefined)[] {
  const shader = vi.spyOn(engine, "shader");
  const { graph, result, release } = recorded(engine, (_, input) => linear(input([m, k]), input([n, k])));
  graph.gradients((g) => g.alias(result, graph.temp([m, n])));
  release();
  const products = shader.mock.calls.filter(([file]) => file === "gemm");
  const found = products.map(([, entry, constants]) => {
    const same = (variant: GemmVariant) => Object.entries(variant.constants).every(([name, value]) => constants?.[name] === value);
    return Object.keys(GEMM).find((name) => GEMM[name].entry === entry && same(GEMM[name]));
  });
  shader.mockRestore();
  return found;
}

test("each class of products has the variant that is chosen for it", async () => {
  const engine = await openEngine(await nodeGPU());
  engine.facts = { ...engine.facts, software: false };
  choose(engine, { "gemm.large": "shared128", "gemm.deep": "shared", "gemm.flat": "shared32", "gemm.narrow": "register8x8" });
  choose(engine, { "gemm.small": "register4x4x64", machine: "512" });
  expect(variantsOf(engine, 8192, 768, 384)).toEqual(["shared128", "shared128", "shared"]);
  expect(variantsOf(engine, 8192, 68, 384)).toEqual(["shared128", "shared128", "shared"]);
  expect(variantsOf(engine, 8192, 32, 384)).toEqual(["register8x8", "shared128", "shared32"]);
  expect(variantsOf(engine, 16, 8, 8)).toEqual(["register4x4x64", "register4x4x64", "register4x4x64"]);
  // What is small depends on the machine.
  expect(variantsOf(engine, 256, 512, 64)[0]).toBe("register4x4x64");
  choose(engine, { machine: "128" });
  expect(variantsOf(engine, 256, 512, 64)[0]).toBe("shared128");
  engine.destroy();
});
