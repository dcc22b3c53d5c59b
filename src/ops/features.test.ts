import { describe, expect, test } from "vitest";
import { Graph, Live } from "../engine/graph";
import { Program } from "../engine/program";
import { cosineCase, distance64, divergence64, divergenceCase, errorCase, mixCase, rowDistanceCase, sigmoid } from "./cases/features";
import { check, testEngine, upload } from "./check";
import { cosineDistance, distanceLoss, divergenceLoss, errorLoss, mix, products } from "./features";
import { asOp } from "./losses.fixture";
import { regionMeans, regionsOf } from "./regions";
import { softmax64 } from "./softmax.fixture";

describe("distances of rows", () => {
  test("their mean, and the gradient at the student", async () => {
    await check(await testEngine(), rowDistanceCase([3, 4, 5]));
  });

  test("equal rows pull at nothing; shapes have to agree", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const same = [1, 2, 3, 4, 5, 6];
    const s = graph.fixed(upload(engine, same, "f32"), [2, 3], "f32", 0, true);
    const loss = distanceLoss(s, graph.fixed(upload(engine, same, "f32"), [2, 3]));
    const g = graph.gradients((grads) => loss.seed(1, grads)).of(s)!;
    expect([...(await (await Program.compile(graph, { g })).fetch()).g]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(() => distanceLoss(s, graph.temp([3, 3]))).toThrow("student is [2,3], teacher [3,3]");
  });
});

describe("errors", () => {
  test.each(["square", "absolute", "smooth"] as const)("%s, weighted by pixels and by channels of each image", async (power) => {
    await check(await testEngine(), errorCase(power));
  });

  test.each([0.4, 2])("smooth, a parabola up to %f", async (beta) => {
    await check(await testEngine(), errorCase("smooth", beta));
  });

  test("of a stack of maps, each against the same teacher, twice over", async () => {
    await check(await testEngine(), {
      inputs: { s: { shape: [3, 2, 4, 5, 2], grad: true }, t: { shape: [2, 4, 5, 2] } },
      op: ({ s, t }, graph) => asOp(graph, errorLoss(s, t), errorLoss(s, t, { power: "smooth", scale: 1e-9 })),
      reference: ({ s, t }) => [[s.reduce((sum, v, i) => sum + (v - t[i % t.length]) ** 2, 0)]],
    });
  });

  test("refuses shapes that do not match, and a gradient for a teacher used several times", async () => {
    const graph = new Graph(await testEngine());
    expect(() => errorLoss(graph.temp([4, 3]), graph.temp([3, 3]))).toThrow("student is [4,3], teacher [3,3]");
    expect(() => errorLoss(graph.temp([4, 3]), graph.temp([2, 3], "f32", true))).toThrow("teacher [2,3]");
    expect(() => errorLoss(graph.temp([4, 3]), graph.temp([2, 3]), { rows: graph.temp([3]) })).toThrow("weights [3]");
  });
});

describe("mixtures", () => {
  test("by two live weights", async () => {
    await check(await testEngine(), {
      inputs: { a: { shape: [3, 5, 2], grad: true }, b: { shape: [3, 5, 2], grad: true } },
      op: ({ a, b }) => mix(mix(a, b, { lambda: new Live(0.45), mu: new Live(0.55) }), a, { lambda: 1, mu: -2 }),
      reference: ({ a, b }) => [a.map((v, i) => 0.45 * v + 0.55 * b[i] - 2 * v)],
    });
  });

  test("by learned shares", async () => {
    await check(await testEngine(), mixCase(40, 3));
  });
});

describe("cosine distance", () => {
  test.each([{ shape: [6, 1] }, { shape: [2, 3, 7] }])("of rows $shape", async ({ shape }) => {
    await check(await testEngine(), cosineCase(shape));
  });

  test.each([
    { shape: [2, 5, 7, 3], sides: [1, 2] },
    { shape: [1, 8, 8, 4], sides: [1, 2, 4] },
  ])("Eq. 11: of flattened regions of $shape", async ({ shape, sides }) => {
    const [batch, height, width, cols] = shape;
    const regions = (b: number) =>
      regionsOf(sides, [height, width]).map(([top, left, bottom, right]) => {
        const inside = (p: number) =>
          Math.floor(p / width) >= top && Math.floor(p / width) < bottom && p % width >= left && p % width < right;
        return [...Array(height * width).keys()].filter(inside).map((p) => b * height * width + p);
      });
    await check(await testEngine(), {
      inputs: { u: { shape }, v: { shape, grad: true } },
      op: ({ u, v }) => cosineDistance(regionMeans(products(u, v), sides)),
      reference: ({ u, v }) => [
        Float64Array.from(Array.from({ length: batch }, (_, b) => regions(b).map((pixels) => distance64(u, v, cols, pixels))).flat()),
      ],
    });
  });

  test("equal 0, opposite 2, orthogonal 1, either scaled the same; nothing at all 1, with a finite gradient", async () => {
    const graph = new Graph(await testEngine());
    const rows = [
      [3, 4, 3, 4],
      [3, 4, -3, -4],
      [3, 4, -4, 3],
      [3, 4, 300, 400],
      [0, 0, 1, 2],
      [0, 0, 0, 0],
    ];
    const half = (from: number) => rows.flatMap((r) => r.slice(from, from + 2));
    const u = graph.fixed(upload(graph.engine, half(0), "f32"), [6, 2]);
    const v = graph.fixed(upload(graph.engine, half(2), "f32"), [6, 2], "f32", 0, true);
    const w = cosineDistance(products(u, v));
    const grads = graph.gradients((g) => g.alias(w, graph.fixed(upload(graph.engine, new Array(6).fill(1), "f32"), [6])));
    const found = await (await Program.compile(graph, { w, d: grads.of(v)! })).fetch();
    for (const [i, expected] of [0, 2, 1, 0, 1, 1].entries()) expect(found.w[i]).toBeCloseTo(expected, 6);
    expect([...found.d].every(Number.isFinite)).toBe(true);
  });
});

describe.each(["softmax", "bernoulli"] as const)("divergence by %s", (kind) => {
  test.each([
    { shape: [5, 6], classes: 6, T: 1 },
    { shape: [2, 7, 15], classes: 5, T: 2 },
    { shape: [3, 4], classes: 1, T: 0.5 },
  ])("of logits $shape, $classes classes, T = $T, weighted; weights learn too", async ({ shape, classes, T }) => {
    const cols = shape[shape.length - 1];
    const spec = { kind, classes, T };
    await check(await testEngine(), divergenceCase(shape, spec));
    await check(await testEngine(), {
      inputs: { s: { shape, grad: true }, t: { shape } },
      op: ({ s, t }, graph) => asOp(graph, divergenceLoss(s, t, { ...spec, temperature: T })),
      reference: ({ s, t }) => [[divergence64(s, t, cols, spec).reduce((a, b, _, all) => a + b / all.length, 0)]],
    });
  });

  test("none where logits agree, however large; the gradient is W T (p_S - p_T)", async () => {
    const graph = new Graph(await testEngine());
    const [T, W] = [2, 1.5];
    const t = [0.3, -1, 0.5, 90, -90, 3];
    const s = [0.1, 0.4, -0.2, 90, -90, 3];
    const student = graph.fixed(upload(graph.engine, s, "f32"), [2, 3], "f32", 0, true);
    const teacher = graph.fixed(upload(graph.engine, t, "f32"), [2, 3]);
    const weights = graph.fixed(upload(graph.engine, [W, W], "f32"), [2]);
    const { kl, seed } = divergenceLoss(student, teacher, { kind, classes: 3, temperature: new Live(T), weights, scale: 1 });
    const grads = graph.gradients((g) => seed(1, g));
    const found = await (await Program.compile(graph, { kl, d: grads.of(student)! })).fetch();
    expect(found.kl[0]).toBeGreaterThan(0.01);
    expect(found.kl[1]).toBe(0);
    const p = (z: number[]) =>
      kind === "softmax"
        ? [
            ...softmax64(
              z.map((v) => v / T),
              3,
            ),
          ]
        : z.map((v) => sigmoid(v / T));
    for (const c of [0, 1, 2]) expect(found.d[c]).toBeCloseTo(W * T * (p(s.slice(0, 3))[c] - p(t.slice(0, 3))[c]), 6);
    expect([...found.d.slice(3)]).toEqual([0, 0, 0]);
  });
});
