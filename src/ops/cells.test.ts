import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { placeTokensCase, positionedCase, shuffleCase, unshuffleCase, weighCase } from "./cases/cells";
import { placeTokens, shuffle, unshuffle } from "./cells";
import { check, testEngine } from "./check";

test.each([
  { shape: [2, 3, 3, 8], grid: 3 },
  { shape: [1, 2, 4, 6], grid: 4 },
  { shape: [3, 4, 4, 3], grid: 2 },
])("tokens of $shape where a mask of $grid x $grid erases", async ({ shape, grid }) => {
  await check(await testEngine(), placeTokensCase(shape, grid));
});

test("the token a, b, c, d becomes the pixels a b over c d", async () => {
  await check(await testEngine(), {
    inputs: { x: { shape: [1, 1, 2, 4], data: [1, 2, 3, 4, 5, 6, 7, 8], grad: true } },
    op: ({ x }) => shuffle(x, 2),
    reference: ({ x }) => [[0, 1, 4, 5, 2, 3, 6, 7].map((i) => x[i])],
  });
});

test.each([
  { shape: [2, 3, 2, 12], side: 2 },
  { shape: [1, 2, 3, 45], side: 3 },
  { shape: [2, 2, 2, 5], side: 1 },
])("tokens $shape spread out to blocks of $side", async ({ shape, side }) => {
  await check(await testEngine(), shuffleCase(shape, side));
});

test("a map with the same positions, of which nothing is erased", async () => {
  await check(await testEngine(), positionedCase([2, 3, 2, 8]));
});

test.each([
  { shape: [2, 4, 6, 3], side: 2 },
  { shape: [1, 3, 6, 4], side: 3 },
])("blocks of $side of $shape become tokens, and tokens the same pixels again", async ({ shape, side }) => {
  await check(await testEngine(), unshuffleCase(shape, side));
});

test.each(["visible", "erased"] as const)("weights of %s cells average 1 in each image, or are all zero", async (cells) => {
  await check(await testEngine(), weighCase(cells));
});

test("what does not fit is refused", async () => {
  const graph = new Graph(await testEngine());
  const x = graph.temp([1, 2, 2, 6]);
  expect(() => shuffle(x, 2)).toThrow("no blocks of 2 x 2");
  expect(() => unshuffle(graph.temp([1, 5, 4, 2]), 2)).toThrow("falls into no blocks of 2 x 2");
  expect(() => placeTokens(x, graph.temp([1, 2, 2]), graph.temp([5]))).toThrow("the token is [5]");
});
