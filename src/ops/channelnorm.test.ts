import { describe, expect, test } from "vitest";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { batchNormCase, groupNormCase, moments64, norm64, parameters, standardiseCase } from "./cases/channelnorm";
import { batchNorm, groupNorm, standardise } from "./channelnorm";
import { check, compare, randoms, testEngine, upload } from "./check";
import { errorLoss } from "./features";
import { add } from "./maps";
import { choose } from "./variants";

describe("groupNorm", () => {
  test.each([
    { shape: [2, 3, 5, 8], groups: 2, relu: false },
    { shape: [2, 3, 5, 8], groups: 2, relu: true },
    { shape: [3, 4, 3, 6], groups: 2, relu: true },
    { shape: [1, 5, 7, 5], groups: 5, relu: true },
    { shape: [2, 1, 2, 12], groups: 1, relu: false },
    { shape: [2, 40, 40, 4], groups: 2, relu: true },
    { shape: [3, 2, 3, 14], groups: 2, relu: true },
    // Lanes that share a group: slow to compile on a software adapter.
    { shape: [2, 9, 9, 16], groups: 2, relu: true, rows: "group" },
    { shape: [3, 2, 3, 14], groups: 2, relu: true, rows: "group" },
  ])("$shape in $groups groups, relu $relu, $rows", async ({ shape, groups, relu, rows = "lane" }) => {
    const engine = await testEngine();
    choose(engine, { rows });
    await check(engine, groupNormCase(shape, groups, relu));
    choose(engine, { rows: "lane" });
  });
});

describe.each([false, true])("batchNorm, training %s", (training) => {
  test.each([
    { shape: [3, 4, 5, 6], relu: true },
    { shape: [2, 3, 3, 8], relu: false },
    { shape: [5, 1, 1, 3], relu: false },
  ])("$shape, relu $relu", async ({ shape, relu }) => {
    await check(await testEngine(), batchNormCase(shape, training, relu));
  });
});

describe.each([true, false])("standardise, unbiased %s", (unbiased) => {
  test.each([{ shape: [3, 4, 5, 6] }, { shape: [2, 3, 3, 4] }, { shape: [1, 33, 40, 3] }])("$shape", async ({ shape }) => {
    await check(await testEngine(), standardiseCase(shape, unbiased));
  });
});

test("half the mean squared difference of standardised maps is 1 - Pearson's r, times (m - 1) / m if unbiased", async () => {
  const graph = new Graph(await testEngine());
  const [cols, m] = [3, 40];
  const shape = [2, 4, 5, cols];
  const [a, b] = [randoms(m * cols, 1), randoms(m * cols, 2)];
  const make = (values: ArrayLike<number>) => graph.fixed(upload(graph.engine, values, "f32"), shape);
  const loss = (x: ArrayLike<number>, y: ArrayLike<number>, unbiased: boolean) => {
    const [u, v] = [make(x), make(y)].map((map) => standardise(map, { unbiased }));
    return errorLoss(u, v, { scale: 0.5 / (m * cols) }).value;
  };
  const affine = b.map((v, i) => [2, 0.5, 30][i % 3] * v - [5, 0, 1][i % 3]);
  const found = await (
    await Program.compile(graph, {
      population: loss(a, b, false),
      unbiased: loss(a, b, true),
      affine: loss(a, affine, true),
      same: loss(b, affine, true),
      opposite: loss(
        b,
        b.map((v) => -v),
        true,
      ),
    })
  ).fetch();
  const r = (c: number) => {
    const column = (x: Float64Array) => x.filter((_, i) => i % cols === c);
    const centred = (x: Float64Array) => x.map((v) => v - x.reduce((p, q) => p + q) / m);
    const [x, y] = [centred(column(a)), centred(column(b))];
    const dot = (p: Float64Array, q: Float64Array) => p.reduce((sum, v, i) => sum + v * q[i], 0);
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  };
  const expected = [0, 1, 2].reduce((sum, c) => sum + (1 - r(c)) / cols, 0);
  expect(found.population[0]).toBeCloseTo(expected, 5);
  expect(found.unbiased[0]).toBeCloseTo((expected * (m - 1)) / m, 5);
  expect(found.affine[0]).toBeCloseTo(found.unbiased[0], 5);
  expect(found.same[0]).toBeCloseTo(0, 5);
  expect(found.opposite[0]).toBeCloseTo((2 * (m - 1)) / m, 4);
});

test("earlier gradients are added, frozen parameters get none", async () => {
  const shape = [2, 3, 3, 5];
  await check(await testEngine(), {
    inputs: { x: { shape, grad: true }, gamma: { shape: [5] }, beta: { shape: [5] } },
    op: ({ x, gamma, beta }) => add(groupNorm(x, gamma, beta, { groups: 1, relu: true }), x),
    reference: ({ x, gamma, beta }) => [norm64(x, gamma, beta, { shape, set: (b) => b, relu: true }).map((v, i) => v + x[i])],
    tolerance: 2e-5,
  });
});

describe("statistics of what is visible", () => {
  const shape = [2, 4, 6, 4];
  const visible = { shape: [2, 2, 3], data: [1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1] };
  const weight = (image: number, row: number, column: number) => visible.data[image * 6 + Math.floor(row / 2) * 3 + Math.floor(column / 2)];
  const inputs = { x: { shape, grad: true }, ...parameters(4), visible };

  test("of a batch", async () => {
    const running = { mean: { shape: [4] }, variance: { shape: [4] } };
    await check(await testEngine(), {
      inputs: { ...inputs, ...running },
      op: ({ x, gamma, beta, visible, mean, variance }) =>
        batchNorm(x, gamma, beta, { mean, variance, training: true, relu: true, visible }),
      reference: ({ x, gamma, beta }) => [norm64(x, gamma, beta, { shape, set: (_, c) => c, weight, relu: true })],
      tolerance: 2e-5,
    });
  });

  test("of groups", async () => {
    await check(await testEngine(), {
      inputs,
      op: ({ x, gamma, beta, visible }) => groupNorm(x, gamma, beta, { groups: 2, visible }),
      reference: ({ x, gamma, beta }) => [norm64(x, gamma, beta, { shape, set: (b, c) => 2 * b + Math.floor(c / 2), weight })],
      tolerance: 2e-5,
    });
  });
});

test("running statistics follow the batch's, the variance unbiased", async () => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const shape = [3, 2, 4, 5];
  const x = randoms(120, 4);
  const make = (values: ArrayLike<number>, size: number[]): Tensor => graph.fixed(upload(engine, values, "f32"), size);
  const ones = [1, 1, 1, 1, 1];
  const [mean, variance] = [make([0, 1, 2, 3, 4], [5]), make(ones, [5])];
  const y = batchNorm(make(x, shape), make(ones, [5]), make(ones, [5]), { mean, variance, training: true, momentum: 0.25 });
  const program = await Program.compile(graph, { y, mean, variance });
  program.run();
  const found = await program.fetch();
  program.dispose();
  const sets = moments64(x, { shape, set: (_, c) => c });
  const twice = (old: number, batch: number) => 0.75 * (0.75 * old + 0.25 * batch) + 0.25 * batch;
  const expect64 = ones.map((_, c) => sets.get(c) ?? { mean: 0, variance: 0, n: 0 });
  const unbiased = expect64.map(({ variance, n }) => twice(1, (variance * n) / (n - 1)));
  compare(
    "mean",
    found.mean,
    Float64Array.from(expect64, (s, c) => twice(c, s.mean)),
    1e-5,
  );
  compare("variance", found.variance, Float64Array.from(unbiased), 1e-5);
});

test("a far mean keeps its precision", async () => {
  const shape = [1, 16, 16, 4];
  const data = randoms(1024, 8).map((v) => 4096 + v);
  const ones = [1, 1, 1, 1];
  await check(await testEngine(), {
    inputs: { x: { shape, data }, gamma: { shape: [4], data: ones }, beta: { shape: [4], data: [0, 0, 0, 0] } },
    op: ({ x, gamma, beta }) => groupNorm(x, gamma, beta, { groups: 2 }),
    reference: ({ x, gamma, beta }) => [norm64(x, gamma, beta, { shape, set: (b, c) => 2 * b + Math.floor(c / 2) })],
    tolerance: 2e-3,
  });
});

test("groups and parameters that do not fit are refused", async () => {
  const graph = new Graph(await testEngine());
  const x = graph.temp([2, 2, 2, 6]);
  const six = graph.temp([6]);
  expect(() => groupNorm(x, six, six, { groups: 4 })).toThrow("6 channels in 4 groups");
  expect(() => groupNorm(x, graph.temp([4]), six, { groups: 2 })).toThrow("gamma [4]");
  expect(() => groupNorm(x, six, six, { groups: 2, visible: graph.temp([3, 1, 1]) })).toThrow("visible is [3,1,1]");
});
