import { describe, expect, test } from "vitest";
import { Graph, Live, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import {
  asOp,
  average,
  crossEntropy64,
  crossEntropyCase,
  distillation64,
  distillationCase,
  labelsOf,
  meanCase,
  smoothed,
  sumCase,
  withMean,
} from "./cases/losses";
import { type Check, check, compare, randoms, testEngine, upload } from "./check";
import { crossEntropy, distillation, mean, type RowLoss } from "./losses";
import { everyRow } from "./select";
import { softmax64 } from "./softmax.fixture";

const sizes = [
  { batch: 5, k: 10 },
  { batch: 1, k: 2 },
  { batch: 3, k: 1 },
  { batch: 600, k: 3 },
];

describe.each(sizes)("[$batch, $k] logits", ({ batch, k }) => {
  const shape = [batch, k];
  const labels = labelsOf(batch, k);

  test.each([0, 0.1, 1])("cross-entropy with labels smoothed by %d", async (smoothing) => {
    await check(await testEngine(), crossEntropyCase(batch, k, smoothing));
  });

  test("cross-entropy with targets that do not sum to one", async () => {
    await check(await testEngine(), {
      inputs: { z: { shape, grad: true }, targets: { shape } },
      op: ({ z, targets }, graph) => asOp(graph, crossEntropy(z, { targets })),
      reference: ({ z, targets }) => withMean(crossEntropy64(z, targets, k)),
    });
  });

  test.each([1, 4, 0.5])("distillation at temperature %d", async (temperature) => {
    await check(await testEngine(), distillationCase(batch, k, temperature));
  });

  test("two losses of the same logits: the second gradient adds to the first, in either order", async () => {
    for (const reversed of [false, true]) {
      const gradient = async (z: number[], teacher: number[]) => {
        const p = softmax64(z, k);
        const q = softmax64(teacher, k);
        const t = smoothed(labels.data, k, 0.1);
        return p.map((v, i) => (v - t[i] + 0.5 * (v - q[i])) / batch);
      };
      const [z, teacher] = [[...randoms(batch * k, 1)], [...randoms(batch * k, 2)]];
      const engine = await testEngine();
      const graph = new Graph(engine);
      const student = graph.fixed(upload(engine, z, "f32"), shape, "f32", 0, true);
      const ce = crossEntropy(student, { labels: graph.fixed(upload(engine, labels.data, "u32"), [batch], "u32"), smoothing: 0.1 });
      const kd = distillation(student, graph.fixed(upload(engine, teacher, "f32"), shape), 1);
      const before = graph.launches.length;
      const grads = graph.gradients((g) => {
        const seeds = [() => ce.seed(1, g), () => kd.seed(0.5, g)];
        for (const seed of reversed ? seeds.reverse() : seeds) seed();
      });
      expect(graph.launches.length - before).toBe(2);
      const { d } = await (await Program.compile(graph, { d: grads.of(student)! })).fetch();
      compare("gradient", d, await gradient(z, teacher), 1e-6);
    }
  });
});

test("losses of every third row: views have gaps", async () => {
  const shape = [9, 5];
  const spec = (loss: (z: Tensor, t: Tensor) => RowLoss, reference: (z: Float64Array, t: Float64Array) => Float64Array): Check => ({
    inputs: { z: { shape, grad: true }, t: { shape } },
    op: ({ z, t }, graph) => asOp(graph, loss(everyRow(z, 3), everyRow(t, 3))),
    reference: ({ z, t }) => {
      const rows = (x: Float64Array) => x.filter((_, i) => Math.floor(i / 5) % 3 === 0);
      return withMean(reference(rows(z), rows(t)));
    },
  });
  const engine = await testEngine();
  await check(
    engine,
    spec(
      (z, targets) => crossEntropy(z, { targets }),
      (z, t) => crossEntropy64(z, t, 5),
    ),
  );
  await check(
    engine,
    spec(
      (z, t) => distillation(z, t, 2),
      (z, t) => distillation64(z, t, 5, 2),
    ),
  );
  await check(
    engine,
    spec(
      (z) => mean(z),
      (z) => Float64Array.from([0, 1, 2], (b) => average(z.subarray(5 * b, 5 * b + 5))),
    ),
  );
});

describe("distillation, known values", () => {
  const student = [0, 0];
  const teacher = [Math.log(3), 0];

  /** Value and student gradient of one pair of rows; tau is live. */
  async function measure(z: number[], t: number[], taus: number[]) {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const [s, q] = [z, t].map((data) => graph.fixed(upload(engine, data, "f32"), [1, data.length], "f32", 0, true));
    const tau = new Live(1);
    const kd = distillation(s, q, tau);
    const grads = graph.gradients((g) => kd.seed(1, g));
    expect(grads.of(q)).toBeUndefined();
    const program = await Program.compile(graph, { value: kd.value, gradient: grads.of(s)! });
    const found = [];
    for (tau.value of taus) {
      const { value, gradient } = await program.fetch();
      found.push({ value: value[0], gradient: [...gradient] });
    }
    return found;
  }

  test("[0, 0] against [ln 3, 0]; the teacher gets no gradient", async () => {
    const found = await measure(student, teacher, [1, 2, 4]);
    // The gradient is tau (p_S - p_T); at tau = 4, p_T = 3^(1/4) / (1 + 3^(1/4)).
    const expected = [
      [0.130812, 0.25],
      [0.145363, 0.267949],
      [0.149458, 4 * (3 ** 0.25 / (1 + 3 ** 0.25) - 0.5)],
    ];
    for (const [i, [value, slope]] of expected.entries()) {
      expect(found[i].value).toBeCloseTo(value, 6);
      expect(found[i].gradient[0]).toBeCloseTo(-slope, 6);
      expect(found[i].gradient[1]).toBeCloseTo(slope, 6);
    }
  });

  test("equal rows cost nothing, a constant changes nothing, the gradient sums to nothing", async () => {
    // Sums with 1024 are exact in f32, so the results may be compared bit for bit.
    const row = [0.25, -1.25, 2, 0.5];
    const other = [1, 0, -0.5, 0.25];
    expect(await measure(row, row, [1, 3])).toEqual(Array(2).fill({ value: 0, gradient: [0, 0, 0, 0] }));
    const [plain] = await measure(row, other, [1]);
    const raise = (x: number[]) => x.map((v) => v + 1024);
    for (const [z, t] of [
      [raise(row), other],
      [row, raise(other)],
    ])
      expect(await measure(z, t, [1])).toEqual([plain]);
    expect(plain.gradient.reduce((a, b) => a + b)).toBeCloseTo(0, 6);
  });
});

test("cross-entropy keeps logits far beyond the range of exp", async () => {
  const data = [500, -500, 0, -1e4, -1e4, -1e4, 1e4, 0, 0];
  await check(await testEngine(), {
    inputs: { z: { shape: [3, 3], data, grad: true }, labels: { shape: [3], data: [1, 2, 0], dtype: "u32" } },
    op: ({ z, labels }, graph) => asOp(graph, crossEntropy(z, { labels })),
    reference: ({ z, labels }) => withMean(crossEntropy64(z, smoothed(labels, 3, 0), 3)),
  });
});

test("weights and smoothing may change between runs", async () => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const z = [0.5, -1, 0.25];
  const logits = graph.fixed(upload(engine, z, "f32"), [1, 3], "f32", 0, true);
  const [weight, smoothing] = [new Live(1), new Live(0)];
  const ce = crossEntropy(logits, { labels: graph.fixed(upload(engine, [2], "u32"), [1], "u32"), smoothing });
  const total = mean(logits);
  const grads = graph.gradients((g) => {
    ce.seed(weight, g);
    total.seed(weight, g);
  });
  const program = await Program.compile(graph, { value: ce.value, d: grads.of(logits)! });
  for (const [w, e] of [
    [1, 0],
    [-0.5, 0.2],
    [0, 0.2],
  ]) {
    [weight.value, smoothing.value] = [w, e];
    const t = smoothed([2], 3, e);
    const { value, d } = await program.fetch();
    compare("value", value, crossEntropy64(z, t, 3), 1e-6);
    compare(
      "gradient",
      d,
      softmax64(z, 3).map((p, i) => w * (p - t[i] + 1 / 3)),
      1e-6,
    );
  }
});

describe.each([{ shape: [3, 4, 5] }, { shape: [1] }, { shape: [700] }, { shape: [2, 9, 401] }])("of $shape", ({ shape }) => {
  test("mean", async () => {
    await check(await testEngine(), meanCase(shape));
  });

  test("sum", async () => {
    await check(await testEngine(), sumCase(shape));
  });
});

test("refuses shapes and types that do not fit", async () => {
  const graph = new Graph(await testEngine());
  const z = graph.temp([4, 3]);
  expect(() => crossEntropy(z, { labels: graph.temp([3], "u32") })).toThrow("labels are u32 [3]");
  expect(() => crossEntropy(z, { labels: graph.temp([4]) })).toThrow("labels are f32");
  expect(() => crossEntropy(z, { targets: graph.temp([3, 4]) })).toThrow("do not match");
  expect(() => distillation(z, graph.temp([4, 2]), 1)).toThrow("do not match");
});
