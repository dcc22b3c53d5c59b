import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { addToAllCase, gateCase, weightedSumCase } from "./cases/context";
import { check, testEngine } from "./check";
import { addToAll, gateChannels, weightedSum } from "./context";

const cases = [{ shape: [2, 3, 5, 4] }, { shape: [3, 1, 1] }, { shape: [1, 7, 2, 9] }];

test.each(cases)("weighted sums over the pixels of $shape", async ({ shape }) => {
  await check(await testEngine(), weightedSumCase(shape));
});

test.each(cases)("a vector added to every pixel of $shape, used twice", async ({ shape }) => {
  await check(await testEngine(), addToAllCase(shape));
});

test.each(cases)("channels of $shape behind gates, used twice", async ({ shape }) => {
  await check(await testEngine(), gateCase(shape));
});

test("refuses shapes that do not match", async () => {
  const graph = new Graph(await testEngine());
  expect(() => weightedSum(graph.temp([2, 3, 4]), graph.temp([3, 2]))).toThrow("weights [3,2]");
  expect(() => addToAll(graph.temp([2, 3, 4]), graph.temp([2, 3]))).toThrow("[2,3] to all of [2,3,4]");
  expect(() => gateChannels(graph.temp([2, 3, 4]), graph.temp([2, 3]))).toThrow("[2,3] for [2,3,4]");
});
