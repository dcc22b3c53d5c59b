import { describe, expect, test } from "vitest";
import { check, testEngine } from "./check";
import { prepend, withoutFirst } from "./prepend";
import { everyRow } from "./select";
import { headScores, headSums, swapLast } from "./talking";

const BATCH = 2;

/** Sizes with odd edges, and such that lanes compute whole tiles and parts of them. */
const SIZES = [
  { n: 3, m: 4, heads: 3, headDim: 5 },
  { n: 6, m: 9, heads: 2, headDim: 8 },
];

describe.each(SIZES)("of $n by $m tokens and $heads heads of $headDim", ({ n: N, m: M, heads: HEADS, headDim: DIM }) => {
  const INNER = HEADS * DIM;
  const layout = { batch: BATCH, heads: HEADS, headDim: DIM };
  /** Of [batch, i, j, h]. */
  const each = <T>(make: (b: number, i: number, j: number, h: number) => T): T[] =>
    Array.from({ length: BATCH * N * M * HEADS }, (_, at) => {
      const [h, j, row] = [at % HEADS, Math.floor(at / HEADS) % M, Math.floor(at / HEADS / M)];
      return make(Math.floor(row / N), row % N, j, h);
    });

  test("scores of heads are products of their parts, with gradients to both", async () => {
    await check(await testEngine(), {
      inputs: { q: { shape: [BATCH * N, INNER], grad: true }, k: { shape: [BATCH * M, INNER], grad: true } },
      op: ({ q, k }) => headScores(q, k, layout),
      reference: ({ q, k }) => [
        each((b, i, j, h) => {
          let sum = 0;
          for (let e = h * DIM; e < (h + 1) * DIM; e++) sum += q[(b * N + i) * INNER + e] * k[(b * M + j) * INNER + e];
          return sum / Math.sqrt(DIM);
        }),
      ],
    });
  });

  test("a matrix times itself collects both gradients", async () => {
    await check(await testEngine(), {
      inputs: { q: { shape: [BATCH * N, INNER], grad: true } },
      op: ({ q }) => headScores(q, q, layout),
      reference: ({ q }) => [
        Array.from({ length: BATCH * N * N * HEADS }, (_, at) => {
          const [h, j, row] = [at % HEADS, Math.floor(at / HEADS) % N, Math.floor(at / HEADS / N)];
          let sum = 0;
          for (let e = h * DIM; e < (h + 1) * DIM; e++) sum += q[row * INNER + e] * q[(Math.floor(row / N) * N + j) * INNER + e];
          return sum / Math.sqrt(DIM);
        }),
      ],
    });
  });

  test("sums of values are weighted head by head, with gradients to both", async () => {
    await check(await testEngine(), {
      inputs: { w: { shape: [BATCH * N, M, HEADS], grad: true }, v: { shape: [BATCH * M, INNER], grad: true } },
      op: ({ w, v }) => headSums(w, v, layout),
      reference: ({ w, v }) => {
        const out = new Float64Array(BATCH * N * INNER);
        each((b, i, j, h) => {
          for (let e = h * DIM; e < (h + 1) * DIM; e++)
            out[(b * N + i) * INNER + e] += w[((b * N + i) * M + j) * HEADS + h] * v[(b * M + j) * INNER + e];
        });
        return [out];
      },
    });
  });
});

test("the last two axes change places", async () => {
  await check(await testEngine(), {
    inputs: { x: { shape: [2, 3, 4], grad: true } },
    op: ({ x }) => swapLast(x),
    reference: ({ x }) => [Array.from({ length: 24 }, (_, i) => x[(Math.floor(i / 12) * 3 + (i % 3)) * 4 + (Math.floor(i / 3) % 4)])],
  });
});

test("a row comes before those of each image, and goes again, with gradients to all", async () => {
  const engine = await testEngine();
  const rows = (x: Float64Array, cols: number) =>
    Array.from({ length: x.length / cols }, (_, r) => [...x.subarray(r * cols, (r + 1) * cols)]);
  await check(engine, {
    inputs: { first: { shape: [2, 3], grad: true }, rest: { shape: [8, 3], grad: true } },
    op: ({ first, rest }) => prepend(first, rest),
    reference: ({ first, rest }) => {
      const [f, r] = [rows(first, 3), rows(rest, 3)];
      return [[f[0], ...r.slice(0, 4), f[1], ...r.slice(4)].flat()];
    },
  });
  await check(engine, {
    inputs: { x: { shape: [10, 3], grad: true } },
    op: ({ x }) => prepend(everyRow(x, 5), withoutFirst(x, 2)),
    reference: ({ x }) => [x],
  });
  await check(engine, {
    inputs: { x: { shape: [10, 3], grad: true } },
    op: ({ x }) => withoutFirst(x, 2),
    reference: ({ x }) => [
      rows(x, 3)
        .filter((_, r) => r % 5 > 0)
        .flat(),
    ],
  });
});

test("what does not fit is refused", async () => {
  const { Graph } = await import("../engine/graph");
  const graph = new Graph(await testEngine());
  const temp = (...shape: number[]) => graph.temp(shape);
  const layout = { batch: 2, heads: 3, headDim: 5 };
  expect(() => headScores(temp(6, 15), temp(8, 14), layout)).toThrow(/headScores/);
  expect(() => headSums(temp(6, 4, 2), temp(8, 15), layout)).toThrow(/headSums/);
  expect(() => prepend(temp(2, 3), temp(5, 3))).toThrow(/prepend/);
  expect(() => withoutFirst(temp(5, 3), 2)).toThrow(/withoutFirst/);
});
