import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { fromBytesCase } from "./cases/images";
import { check, testEngine } from "./check";
import { fromBytes } from "./images";

test.each([
  { shape: [2, 3, 4, 5] },
  { shape: [3, 1, 3, 3] }, // the last word is not full
  { shape: [1, 3, 7, 1] },
])("each byte becomes what its channel says, $shape", async ({ shape }) => {
  await check(await testEngine(), { ...fromBytesCase(shape as [number, number, number, number]), tolerance: 0 });
});

test("words or values that are not those of the shape are refused", async () => {
  const graph = new Graph(await testEngine());
  const words = graph.temp([12], "u32");
  expect(() => fromBytes(words, graph.temp([3, 256]), [2, 3, 4, 5])).toThrow("fromBytes: 12 words");
  expect(() => fromBytes(words, graph.temp([1, 256]), [1, 3, 4, 4])).toThrow("fromBytes");
});
