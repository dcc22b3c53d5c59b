import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { type Case, relativeCase } from "./cases/relative";
import { check, testEngine } from "./check";
import { relativeAttention } from "./relative";

const CASES: Case[] = [
  { batch: 2, heads: 2, dim: 4, side: 3, window: 3 },
  { batch: 1, heads: 3, dim: 6, side: 4, window: 2 },
  // More rows than one part of a table's gradient has.
  { batch: 5, heads: 1, dim: 4, side: 4, window: 4 },
];

test.for(CASES.map((o) => ({ o, name: JSON.stringify(o) })))("$name: values and gradients", async ({ o }) => {
  await check(await testEngine(), relativeCase(o));
});

test("tables and tokens of another grid are refused", async () => {
  const graph = new Graph(await testEngine());
  const heads = { batch: 1, heads: 1, headDim: 4 };
  const of = (tokens: number, distances: number, window = 3) => {
    const [rows, columns] = [graph.temp([distances, 4]), graph.temp([5, 4])];
    return () => relativeAttention(graph.temp([tokens, 12]), heads, { rows, columns, side: 3, window });
  };
  for (const wrong of [of(9, 4), of(8, 5), of(9, 5, 2)]) expect(wrong).toThrow("on grids of 3");
});
