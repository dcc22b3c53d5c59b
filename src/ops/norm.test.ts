import { describe, test } from "vitest";
import { layerNormCase } from "./cases/variants";
import { check, testEngine } from "./check";
import { layerNorm } from "./norm";
import { layerNorm64 } from "./reference";
import { choose, ROWS } from "./variants";

describe.each(Object.keys(ROWS))("layerNorm, %s per row", (rows) => {
  test.each([
    [5, 8],
    [3, 7],
    [70, 64],
    [9, 16],
    [5, 128],
    [1, 2],
  ])("[%i, %i]", async (n, d) => {
    const engine = await testEngine();
    choose(engine, { rows });
    await check(engine, layerNormCase(n, d));
  });
});

test("layerNorm of long rows with an outlier in front keeps its precision", async () => {
  const d = 768;
  const data = Float64Array.from({ length: 2 * d }, (_, i) => (i % d === 0 ? 1000 : Math.sin(i)));
  const ones = Float64Array.from({ length: d }, () => 1);
  await check(await testEngine(), {
    inputs: { x: { shape: [2, d], data }, gamma: { shape: [d], data: ones }, beta: { shape: [d], data: ones.map(() => 0) } },
    op: ({ x, gamma, beta }) => layerNorm(x, gamma, beta, 1e-6),
    reference: ({ x, gamma, beta }) => [layerNorm64(x, gamma, beta, d, 1e-6)],
  });
});
