import { describe, expect, test } from "vitest";
import { Graph, Live } from "../engine/graph";
import { Program } from "../engine/program";
import { check, randoms, testEngine, upload } from "./check";
import { cosineDistance, divergenceLoss, type ErrorOptions, errorLoss, mix, products } from "./features";
import { asOp } from "./losses.fixture";
import { regionMeans, regionsOf } from "./regions";
import { logSoftmax64, softmax64 } from "./softmax.fixture";

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
const errors: Record<NonNullable<ErrorOptions["power"]>, (d: number) => number> = {
  square: (d) => d * d,
  absolute: Math.abs,
  smooth: (d) => (Math.abs(d) < 1 ? 0.5 * d * d : Math.abs(d) - 0.5),
};

describe("errors", () => {
  const positive = (count: number, seed: number) => randoms(count, seed).map(Math.abs);

  test.each(["square", "absolute", "smooth"] as const)("%s, weighted by pixels and by channels of each image", async (power) => {
    const [batch, pixels, cols] = [3, 5, 7];
    const shape = [batch, pixels, cols];
    await check(await testEngine(), {
      inputs: {
        s: { shape, grad: true, data: randoms(105, 2).map((v) => 2 * v) },
        t: { shape, grad: true },
        w: { shape: [batch, pixels], data: positive(15, 3) },
        v: { shape: [batch, cols], data: positive(21, 4) },
      },
      op: ({ s, t, w, v }, graph) => asOp(graph, errorLoss(s, t, { power, scale: 0.3, rows: w, channels: v })),
      reference: ({ s, t, w, v }) => {
        const terms = [...s].map((_, i) => {
          const row = Math.floor(i / cols);
          return w[row] * v[Math.floor(row / pixels) * cols + (i % cols)] * errors[power](s[i] - t[i]);
        });
        return [[0.3 * terms.reduce((a, b) => a + b)]];
      },
    });
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
    await check(await testEngine(), {
      inputs: { a: { shape: [40, 3], grad: true }, b: { shape: [40, 3], grad: true }, s: { shape: [1], data: [-0.2], grad: true } },
      op: ({ a, b, s }) => mix(a, b, { learned: s }),
      reference: ({ a, b, s }) => [a.map((v, i) => sigmoid(s[0]) * v + sigmoid(-s[0]) * b[i])],
    });
  });
});

/** 1 - cosine of the sums of products over `pixels`. */
function distance64(u: ArrayLike<number>, v: ArrayLike<number>, cols: number, pixels: number[]): number {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    pixels.reduce((sum, p) => sum + Array.from({ length: cols }, (_, c) => a[p * cols + c] * b[p * cols + c]).reduce((x, y) => x + y), 0);
  return 1 - dot(u, v) / Math.sqrt(dot(u, u) * dot(v, v));
}

describe("cosine distance", () => {
  test.each([{ shape: [6, 1] }, { shape: [2, 3, 7] }])("of rows $shape", async ({ shape }) => {
    const cols = shape[shape.length - 1];
    await check(await testEngine(), {
      inputs: { u: { shape, grad: true }, v: { shape, grad: true } },
      op: ({ u, v }) => cosineDistance(products(u, v)),
      reference: ({ u, v }) => [Float64Array.from({ length: u.length / cols }, (_, row) => distance64(u, v, cols, [row]))],
    });
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

interface Spec {
  kind: "softmax" | "bernoulli";
  classes: number;
  T: number;
}

/** Mean over groups of KL(teacher || student) T^2, for each row of `cols` logits. */
function divergence64(s: ArrayLike<number>, t: ArrayLike<number>, cols: number, { kind, classes, T }: Spec): Float64Array {
  const cool = (z: ArrayLike<number>) => Array.from(z, (v) => v / T);
  const [q, logP, logQ] = [softmax64(cool(t), classes), logSoftmax64(cool(s), classes), logSoftmax64(cool(t), classes)];
  const coin = (i: number) => {
    const [a, b] = [sigmoid(t[i] / T), sigmoid(s[i] / T)];
    return a * Math.log(a / b) + (1 - a) * Math.log((1 - a) / (1 - b));
  };
  const term = (i: number) => (kind === "softmax" ? q[i] * (logQ[i] - logP[i]) : coin(i));
  return Float64Array.from({ length: s.length / cols }, (_, row) => {
    let sum = 0;
    for (let i = row * cols; i < (row + 1) * cols; i++) sum += term(i);
    return (T * T * sum * classes) / cols;
  });
}

describe.each(["softmax", "bernoulli"] as const)("divergence by %s", (kind) => {
  test.each([
    { shape: [5, 6], classes: 6, T: 1 },
    { shape: [2, 7, 15], classes: 5, T: 2 },
    { shape: [3, 4], classes: 1, T: 0.5 },
  ])("of logits $shape, $classes classes, T = $T, weighted; weights learn too", async ({ shape, classes, T }) => {
    const cols = shape[shape.length - 1];
    const rows = shape.slice(0, -1);
    const spec = { kind, classes, T };
    await check(await testEngine(), {
      inputs: { s: { shape, grad: true }, t: { shape }, w: { shape: rows, grad: true } },
      op: ({ s, t, w }, graph) => {
        const loss = divergenceLoss(s, t, { ...spec, temperature: T, weights: w, scale: 0.7 });
        return [asOp(graph, loss), loss.kl];
      },
      reference: ({ s, t, w }) => {
        const kl = divergence64(s, t, cols, spec);
        return [[0.7 * kl.reduce((sum, v, i) => sum + v * w[i], 0)], kl];
      },
    });
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
