import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { layerScaleCase } from "./cases/layerscale";
import { check, testEngine } from "./check";
import { layerScale } from "./layerscale";
import { everyRow } from "./select";

describe("layer scale", () => {
  test.each([
    [1, 3],
    [32, 4],
    [75, 5],
  ])("of %i rows of %i, and its gradients", async (rows, cols) => {
    await check(await testEngine(), layerScaleCase(rows, cols));
  });

  test("twice, added to class rows alone: gradients meet", async () => {
    await check(await testEngine(), {
      inputs: { x: { shape: [4, 6], grad: true }, gamma: { shape: [6], grad: true }, residual: { shape: [12, 6], grad: true } },
      op: ({ x, gamma, residual }) => layerScale(x, gamma, layerScale(x, gamma, everyRow(residual, 3))),
      reference: ({ x, gamma, residual }) => [x.map((v, i) => residual[Math.floor(i / 6) * 18 + (i % 6)] + 2 * v * gamma[i % 6])],
      tolerance: 1e-6,
    });
  });

  test("refuses shapes that disagree", async () => {
    const graph = new Graph(await testEngine());
    const x = graph.temp([4, 6]);
    expect(() => layerScale(x, graph.temp([5]))).toThrow("branch is [4,6], gamma [5]");
    expect(() => layerScale(x, graph.temp([6]), graph.temp([3, 6]))).toThrow("residual [3,6]");
  });
});
