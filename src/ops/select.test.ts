import { describe, expect, test } from "vitest";
import { Graph, Live } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";
import { gather64, gatherCase, promoteCase, randomCase, topk64, topkCase } from "./cases/select";
import { check, randoms, testEngine, upload } from "./check";
import { linear } from "./linear";
import { matmul64, transpose64 } from "./reference";
import { everyRow, gather, hidden, hide, promote, randomScores, topk } from "./select";
import { softmax } from "./softmax";
import { softmax64 } from "./softmax.fixture";

/** The indices chosen from one batch of scores. */
async function chosen(data: number[], n: number, k: number, order: "top" | "bottom" = "top"): Promise<number[]> {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const index = topk(graph.fixed(upload(engine, data, "f32"), [data.length / n, n]), k, { order });
  return [...(await (await Program.compile(graph, { index })).fetch()).index];
}

test("what is hidden at random is known on the CPU, bit for bit", async () => {
  const graph = new Graph(await testEngine());
  const [share, step] = [new Live(0), new Live(0)];
  for (const [batch, rows] of [
    [3, 16],
    [2, 64],
    [5, 1],
    [1, 25],
  ] as const) {
    const random = { seed: 7, stream: 0x400 };
    const program = await Program.compile(graph, { out: hide(randomScores(graph, [batch, rows], { ...random, step }), share) });
    for (const [r, now] of [
      [0, 0],
      [0.1, 1],
      [0.3, 2],
      [0.34375, 3],
      [0.5, 99],
      [0.75, 7],
      [1, 5],
    ]) {
      [share.value, step.value] = [r, now];
      expect([...(await program.fetch()).out], `${r} of ${rows}`).toEqual([...hidden([batch, rows], r, { ...random, step: now })]);
    }
  }
});

describe("topk", () => {
  test.each([
    { batch: 3, n: 17, k: 5 },
    { batch: 1, n: 1, k: 1 },
    { batch: 2, n: 64, k: 64 },
    { batch: 5, n: 196, k: 98 },
  ])("$k of $n agrees with sorting", async ({ batch, n, k }) => {
    for (const order of ["top", "bottom"] as const) await check(await testEngine(), topkCase(batch, n, k, order));
  });

  test("ties go to the lower index", async () => {
    expect(await chosen([0.2, 0.5, 0.5, 0.1, 0.5], 5, 2)).toEqual([1, 2]);
    expect(await chosen([3, 3, 3, 3], 4, 3)).toEqual([0, 1, 2]);
    expect(await chosen([3, 3, 3, 3], 4, 3, "bottom")).toEqual([0, 1, 2]);
    expect(await chosen([-0, 0, -0, -1], 4, 3)).toEqual([0, 1, 2]);
    expect(await chosen([-0, 0, -0, 1], 4, 3, "bottom")).toEqual([0, 1, 2]);
  });

  test("NaN ranks last from either end, level with the worst infinity", async () => {
    const data = [Number.NaN, 1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, -2, Number.NaN];
    expect(await chosen(data, 6, 6)).toEqual(topk64(data, 6, 6, 1));
    expect(await chosen(data, 6, 6)).toEqual([3, 1, 4, 0, 2, 5]);
    expect(await chosen(data, 6, 6, "bottom")).toEqual(topk64(data, 6, 6, -1));
    expect(await chosen(data, 6, 6, "bottom")).toEqual([2, 4, 1, 0, 3, 5]);
  });

  test("orders denormal numbers, which a GPU may flush to zero in arithmetic", async () => {
    expect(await chosen([1e-44, 3e-44, -1e-44, 2e-44], 4, 4)).toEqual([1, 3, 0, 2]);
  });

  test("bottom k and top N - k share nothing and leave nothing out", async () => {
    const data = [...randoms(40, 5)];
    const low = await chosen(data, 20, 7, "bottom");
    const high = await chosen(data, 20, 13);
    for (const b of [0, 1]) {
      const all = [...low.slice(7 * b, 7 * b + 7), ...high.slice(13 * b, 13 * b + 13)];
      expect(all.sort((i, j) => i - j)).toEqual([...Array(20).keys()]);
    }
  });

  test("refuses what it cannot choose from; k = 0 needs no launch", async () => {
    const graph = new Graph(await testEngine());
    const scores = graph.temp([2, 4]);
    expect(() => topk(scores, 5)).toThrow("cannot keep 5 of 4");
    expect(() => topk(scores, -1)).toThrow("cannot keep -1 of 4");
    expect(() => topk(scores, 1.5)).toThrow("cannot keep 1.5 of 4");
    expect(() => topk(graph.temp([2, 4], "u32"), 1)).toThrow("u32");
    expect(topk(scores, 0).shape).toEqual([2, 0]);
    expect(graph.launches).toHaveLength(0);
  });
});

describe("random choice", () => {
  test("the GPU's uniform numbers are the CPU's, bit for bit", async () => {
    const graph = new Graph(await testEngine());
    const step = new Live(0);
    const program = await Program.compile(graph, { u: randomScores(graph, [3, 41], { seed: 0xdeadbeef, stream: 7, step }) });
    for (const value of [0, 1, 0xffffffff]) {
      step.value = value;
      const { u } = await program.fetch();
      expect([...u]).toEqual(Array.from({ length: 123 }, (_, i) => uniform(0xdeadbeef, 7, value, i)));
    }
  });

  test("keeps exactly k, and each patch with frequency k / N", async () => {
    const [batch, n, k, steps] = [128, 12, 5, 8];
    const graph = new Graph(await testEngine());
    const step = new Live(0);
    const index = topk(randomScores(graph, [batch, n], { seed: 3, stream: 1, step }), k);
    const program = await Program.compile(graph, { index });
    const times = new Array(n).fill(0);
    for (; step.value < steps; step.value++) {
      const found = (await program.fetch()).index;
      for (let b = 0; b < batch; b++) expect(new Set(found.subarray(b * k, b * k + k)).size).toBe(k);
      for (const i of found) times[i]++;
    }
    const draws = batch * steps;
    expect(times.reduce((a, b) => a + b)).toBe(draws * k);
    // Five standard deviations of a binomial frequency.
    const allowed = 5 * Math.sqrt(((k / n) * (1 - k / n)) / draws);
    for (const t of times) expect(Math.abs(t / draws - k / n)).toBeLessThan(allowed);
  });
});

test.each([0, 3, 7])("the %i highest of 7 that are chosen, then others by the CPU's draws", async (highest) => {
  await check(await testEngine(), promoteCase(5, 20, 7, highest));
});

test("random numbers and what they hide are the CPU's", async () => {
  await check(await testEngine(), randomCase(3, 41));
});

describe("a partly random choice", () => {
  const [batch, n, k, seed] = [64, 20, 10, 9];

  /** Chooses k of each row at every step, `highest` of them by score. */
  async function chooser(scores: Float64Array) {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const [step, highest] = [new Live(0), new Live(k)];
    const draws = randomScores(graph, [batch, n], { seed, stream: 1, step });
    const index = topk(promote(graph.fixed(upload(engine, scores, "f32"), [batch, n]), draws, highest), k);
    const program = await Program.compile(graph, { index });
    return { step, highest, rows: async () => rowsOf((await program.fetch()).index, k) };
  }

  test("is the plain one while all are the highest", async () => {
    const scores = randoms(batch * n, 4);
    const { rows } = await chooser(scores);
    expect((await rows()).flat()).toEqual(topk64(scores, n, k, 1));
  });

  test("keeps the highest and draws the others from the rest, afresh each step, each as often as any", async () => {
    const scores = randoms(batch * n, 4);
    const { step, highest, rows } = await chooser(scores);
    highest.value = 8;
    const first = rowsOf(topk64(scores, n, 8, 1), 8);
    const times = new Array(n).fill(0); // by rank
    const seen = new Set<string>();
    for (; step.value < 12; step.value++) {
      for (const [b, row] of (await rows()).entries()) {
        expect(new Set(row).size).toBe(k);
        expect(row.slice(0, 8)).toEqual(first[b]);
        const ranks = topk64(scores.subarray(b * n, b * n + n), n, n, 1);
        for (const i of row) times[ranks.indexOf(i)]++;
        if (b === 0) seen.add(row.slice(8).join());
      }
    }
    expect(seen.size).toBeGreaterThan(8);
    const share = (k - 8) / (n - 8);
    const allowed = 5 * Math.sqrt((share * (1 - share)) / (12 * batch));
    for (const t of times.slice(8)) expect(Math.abs(t / (12 * batch) - share)).toBeLessThan(allowed);
  });

  test("draws for each row by itself", async () => {
    const { highest, rows } = await chooser(new Float64Array(batch * n));
    highest.value = 0;
    const found = await rows();
    expect(found[0]).toEqual([...Array(n).keys()].sort((i, j) => uniform(seed, 1, 0, j) - uniform(seed, 1, 0, i)).slice(0, k));
    expect(new Set(found.map(String)).size).toBe(batch);
  });
});

function rowsOf(flat: ArrayLike<number>, k: number): number[][] {
  return Array.from({ length: flat.length / k }, (_, b) => Array.from({ length: k }, (_, i) => flat[b * k + i]));
}

describe("gather", () => {
  test.each([
    { size: [2, 5, 3, 7], data: [4, 0, 2, 1, 1, 3] },
    { size: [1, 2, 2, 33], data: [1, 0] },
    { size: [3, 1, 1, 1], data: [0, 0, 0] },
    { size: [2, 3, 5, 4], data: [2, 2, 2, 2, 2, 0, 1, 0, 1, 0] },
  ])("[batch, rows, k, columns] = $size", async ({ size, data }) => {
    for (const keepFirst of [false, true]) await check(await testEngine(), gatherCase(size, data, keepFirst));
  });

  test("of what topk chose, with a gradient for the rows and none for the scores", async () => {
    await check(await testEngine(), {
      inputs: { x: { shape: [2, 7, 3], grad: true }, s: { shape: [2, 6] } },
      op: ({ x, s }) => gather(x, topk(s, 4), { keepFirst: true }),
      reference: ({ x, s }) => [gather64(x, topk64(s, 6, 4, 1), [2, 6, 4, 3], 1)],
    });
  });

  test("twice from one input: the gradients add up", async () => {
    await check(await testEngine(), {
      inputs: {
        x: { shape: [2, 3, 2], grad: true },
        i: { shape: [2, 2], data: [0, 2, 1, 0], dtype: "u32" },
        j: { shape: [2, 1], data: [2, 1], dtype: "u32" },
        w: { shape: [5, 2] },
        v: { shape: [5, 4] },
      },
      op: ({ x, i, j, w, v }) => linear(gather(x, j).reshape([2, 2]), w, { residual: linear(gather(x, i).reshape([2, 4]), v) }),
      reference: ({ x, i, j, w, v }) => {
        const once = matmul64(gather64(x, j, [2, 3, 1, 2], 0), transpose64(w, 5, 2), 2, 2, 5);
        const twice = matmul64(gather64(x, i, [2, 3, 2, 2], 0), transpose64(v, 5, 4), 2, 4, 5);
        return [once.map((y, c) => y + twice[c])];
      },
    });
  });

  test("nothing but the class token for k = 0", async () => {
    await check(await testEngine(), {
      inputs: { x: { shape: [2, 4, 3], grad: true }, s: { shape: [2, 3] } },
      op: ({ x, s }) => gather(x, topk(s, 0), { keepFirst: true }),
      reference: ({ x }) => [[0, 1, 2, 12, 13, 14].map((i) => x[i])],
    });
  });

  test("refuses shapes that do not fit", async () => {
    const graph = new Graph(await testEngine());
    const x = graph.temp([2, 4, 3]);
    expect(() => gather(x, graph.temp([3, 1], "u32"))).toThrow("gather");
    expect(() => gather(x, graph.temp([2, 1]))).toThrow("gather");
    expect(() => gather(graph.temp([2, 4]), graph.temp([2, 1], "u32"))).toThrow("gather");
  });
});

describe("everyRow", () => {
  const rowsOf = (x: Float64Array, every: number, cols: number) =>
    Float64Array.from(x).filter((_, i) => Math.floor(i / cols) % every === 0);

  test.each([
    { rows: 12, every: 4 },
    { rows: 7, every: 3 },
    { rows: 5, every: 1 },
  ])("of $rows rows, every $every", async ({ rows, every }) => {
    await check(await testEngine(), {
      inputs: { x: { shape: [rows, 6], grad: true } },
      op: ({ x }) => softmax(everyRow(x, every)),
      reference: ({ x }) => [softmax64(rowsOf(x, every, 6), 6)],
    });
  });

  // Whichever comes later in the step meets the other's gradient first.
  test.each([{ first: "everyRow" }, { first: "gather" }])(
    "shares its input with an op that reads every row, $first first",
    async ({ first }) => {
      await check(await testEngine(), {
        inputs: { x: { shape: [3, 4, 2], grad: true }, i: { shape: [3, 1], data: [3, 0, 1], dtype: "u32" }, w: { shape: [4, 2] } },
        op: ({ x, i, w }) => {
          const both = [() => everyRow(x, 4), () => gather(x, i).reshape([3, 2])];
          const [a, b] = (first === "gather" ? both.reverse() : both).map((read) => read());
          return linear(a, w, { residual: linear(b, w) });
        },
        reference: ({ x, i, w }) => {
          const sum = gather64(x, i, [3, 4, 1, 2], 0).map((v, c) => v + rowsOf(x, 4, 2)[c]);
          return [matmul64(sum, transpose64(w, 4, 2), 3, 2, 4)];
        },
      });
    },
  );
});
