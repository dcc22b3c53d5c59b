import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { diceCase, maskedInverseCase, maskedLowCase, promptMasksCase, T } from "./cases/prompts";
import { check, randoms, testEngine, upload } from "./check";
import { haar } from "./haar";
import { diceLoss, maskedInverse, maskedLow } from "./prompts";

describe.each([{ shape: [2, 8, 8, 3] }, { shape: [1, 5, 7, 4] }, { shape: [3, 2, 3, 1] }])("$shape", ({ shape }) => {
  test.each(["details", "low"] as const)("masks of %s by prompts", async (of) => {
    await check(await testEngine(), promptMasksCase(shape, of));
  });

  test("the low band under masks", async () => {
    await check(await testEngine(), maskedLowCase(shape));
  });

  test("features from a low band and details under masks", async () => {
    await check(await testEngine(), maskedInverseCase(shape));
  });
});

test("three levels under masks that sum to one are the map itself", async () => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const shape = [2, 11, 13, 3];
  const values = randoms(858, 4);
  const levels = haar(graph.fixed(upload(engine, values, "f32"), shape), 3);
  const even = (rows: number) => graph.fixed(upload(engine, Array(rows * T).fill(1 / T), "f32"), [rows, T]);
  const sides = [[11, 13] as const, ...levels.map(({ size: [, h, w] }) => [h, w] as const)];
  const map = levels.reduceRight(
    (low, bands, j) => maskedInverse(bands, low, even(bands.tensor.rows / 4), sides[j]),
    maskedLow(levels[2], even(levels[2].tensor.rows / 4)),
  );
  const { map: found } = await (await Program.compile(graph, { map })).fetch();
  for (const [i, v] of found.entries()) expect(Math.abs(v - values[i])).toBeLessThan(1e-5);
});

describe("the Dice penalty", () => {
  test("is a mean over images and pairs", async () => {
    await check(await testEngine(), diceCase(5));
  });

  test("is 1 where masks are equal and 0 where they share nothing", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const value = (masks: number[]) => diceLoss(graph.fixed(upload(engine, masks, "f32"), [3, T]), 1).value;
    const outputs = { equal: value([1, 1, 1, 0.5, 0.5, 0.5, 0, 0, 0]), apart: value([1, 0, 0, 0, 1, 0, 0, 0, 1]) };
    const { equal, apart } = await (await Program.compile(graph, outputs)).fetch();
    expect(equal[0]).toBeCloseTo(1, 6);
    expect(apart[0]).toBe(0);
  });
});
