import { describe, test } from "vitest";
import { check, testEngine } from "./check";
import { layerNorm } from "./norm";
import { choose, ROWS } from "./variants";

/** Row-wise reference. */
function layerNorm64(x: ArrayLike<number>, gamma: ArrayLike<number>, beta: ArrayLike<number>, d: number, eps: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let r = 0; r < x.length; r += d) {
    const row = Array.from({ length: d }, (_, c) => x[r + c]);
    const mean = row.reduce((a, b) => a + b, 0) / d;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / d;
    for (let c = 0; c < d; c++) y[r + c] = ((row[c] - mean) / Math.sqrt(variance + eps)) * gamma[c] + beta[c];
  }
  return y;
}

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
    await check(engine, {
      inputs: { x: { shape: [n, d], grad: true }, gamma: { shape: [d], grad: true }, beta: { shape: [d], grad: true } },
      op: ({ x, gamma, beta }) => layerNorm(x, gamma, beta, 1e-5),
      reference: ({ x, gamma, beta }) => [layerNorm64(x, gamma, beta, d, 1e-5)],
      tolerance: 2e-5,
    });
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
