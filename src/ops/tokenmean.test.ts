import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { check, testEngine } from "./check";
import { mix } from "./features";
import { tokenMean } from "./tokenmean";

const [BATCH, TOKENS, D] = [3, 5, 4];

test.each([
  [0, 5],
  [1, 4],
  [1, 1],
])("from token %i on %i, and its gradient beside another", async (first, count) => {
  await check(await testEngine(), {
    inputs: { x: { shape: [BATCH * TOKENS, D], grad: true } },
    op: ({ x }) =>
      mix(tokenMean(x, { tokens: TOKENS, first, count }), tokenMean(x, { tokens: TOKENS, first: 0, count: 1 }), { lambda: 2, mu: 3 }),
    reference: ({ x }) => [
      Array.from({ length: BATCH * D }, (_, i) => {
        const at = (t: number) => x[(Math.floor(i / D) * TOKENS + t) * D + (i % D)];
        const mean = Array.from({ length: count }, (_, t) => at(first + t)).reduce((a, v) => a + v, 0) / count;
        return 2 * mean + 3 * at(0);
      }),
    ],
    tolerance: 1e-6,
  });
});

test("refuses more tokens than there are", async () => {
  const graph = new Graph(await testEngine());
  expect(() => tokenMean(graph.temp([15, 4]), { tokens: 5, first: 1, count: 5 })).toThrow("5 from 1 of 5 tokens");
  expect(() => tokenMean(graph.temp([14, 4]), { tokens: 5, first: 1, count: 4 })).toThrow("x is [14,4]");
});
