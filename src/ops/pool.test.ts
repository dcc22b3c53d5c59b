import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { maxPoolCase } from "./cases/pool";
import { check, testEngine } from "./check";
import { maxPool, type Window } from "./pool";

describe("maxPool", () => {
  test.each<{ shape: number[]; window?: Window }>([
    { shape: [2, 8, 8, 4] },
    { shape: [1, 7, 5, 3] },
    { shape: [2, 1, 2, 1] },
    { shape: [1, 6, 9, 2], window: { size: 2, stride: 2, padding: 0 } },
    { shape: [1, 7, 8, 6], window: { size: 2, stride: 3, padding: 1 } },
  ])("$shape $window", async ({ shape, window }) => {
    await check(await testEngine(), maxPoolCase(shape, window));
  });

  test("equal values: the gradient goes to the first", async () => {
    const graph = new Graph(await testEngine());
    await check(graph.engine, {
      inputs: { x: { shape: [1, 2, 2, 1], data: [3, 3, 3, 3] } },
      op: ({ x }, graph) => {
        const seen = graph.fixed(x.storage.buffer as GPUBuffer, x.shape, "f32", 0, true);
        const pooled = maxPool(seen, { size: 2, stride: 2, padding: 0 });
        return [pooled, graph.gradients((g) => g.alias(pooled, pooled)).of(seen) ?? pooled];
      },
      reference: () => [[3], [3, 0, 0, 0]],
    });
  });
});

test("windows that do not fit are refused", async () => {
  const graph = new Graph(await testEngine());
  const map = graph.temp([1, 4, 6, 3]);
  expect(() => maxPool(map, { size: 9, stride: 1, padding: 1 })).toThrow("do not fit");
});
