import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { boxMasks } from "./boxmasks";
import { boxMasksCase } from "./cases/boxmasks";
import { check, testEngine, upload } from "./check";

test.each([
  { grid: [16, 16], side: 128 },
  { grid: [5, 7], side: 100 },
  { grid: [2, 2], side: 64 },
])("on a map of $grid of an image of $side", async ({ grid, side }) => {
  await check(await testEngine(), boxMasksCase(grid as [number, number], side));
});

test("the background sums to 1, and an image covered by one box has none", async () => {
  const graph = new Graph(await testEngine());
  const boxes = graph.fixed(upload(graph.engine, [8, 8, 40, 24, 0, 0, 64, 64], "f32"), [2, 1, 4]);
  const { foreground, background } = await (await Program.compile(graph, { ...boxMasks(boxes, 64, [8, 8]) })).fetch();
  const sum = (v: ArrayLike<number>) => Array.from(v).reduce((a, b) => a + b, 0);
  expect(sum(background.subarray(0, 64))).toBeCloseTo(1, 6);
  expect(sum(foreground.subarray(0, 64))).toBeCloseTo(1, 6);
  expect(sum(background.subarray(64))).toBe(0);
  expect(foreground[64]).toBeCloseTo(1 / 81, 6);
});
