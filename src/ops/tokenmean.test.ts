import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { tokenMeanCase } from "./cases/tokenmean";
import { check, testEngine } from "./check";
import { tokenMean } from "./tokenmean";

test.each([
  [0, 5],
  [1, 4],
  [1, 1],
])("from token %i on %i, and its gradient beside another", async (first, count) => {
  await check(await testEngine(), tokenMeanCase(first, count));
});

test("refuses more tokens than there are", async () => {
  const graph = new Graph(await testEngine());
  expect(() => tokenMean(graph.temp([15, 4]), { tokens: 5, first: 1, count: 5 })).toThrow("5 from 1 of 5 tokens");
  expect(() => tokenMean(graph.temp([14, 4]), { tokens: 5, first: 1, count: 4 })).toThrow("x is [14,4]");
});
