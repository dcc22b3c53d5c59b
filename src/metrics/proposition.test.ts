import { expect, test } from "vitest";
import { attentionGap, boundShape, expectedGap, spectralNorm } from "./proposition";
import { mean } from "./verdicts";

const gaps = (d: number, count: number) => Array.from({ length: count }, (_, seed) => attentionGap(d, seed));

test.each([
  [64, 800],
  [96, 500],
])("at dimension %i the gap times d is between 0.75 and 0.85 on average", (d, draws) => {
  const measured = mean(gaps(d, draws)) * d;
  expect(measured).toBeGreaterThan(0.75);
  expect(measured).toBeLessThan(0.85);
  expect(expectedGap(d) * d).toBeCloseTo(0.798, 3);
});

test("the gap falls faster than the paper's bound", () => {
  const [near, far] = [16, 128].map((d) => mean(gaps(d, 400)) / boundShape(d));
  expect(far).toBeLessThan(0.6 * near);
});

test.each([64, 128, 256])("the spectral norm of a drawn matrix of side %i is close to 2", (d) => {
  const norm = spectralNorm(d, 1);
  expect(norm).toBeGreaterThan(1.9);
  expect(norm).toBeLessThan(2.05);
});
