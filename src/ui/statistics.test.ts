/** Figures about the mask's positions on maps whose answers are known. */
import { expect, test } from "vitest";
import { borderRatio, evenness } from "./statistics";

test("evenness is 1 for a flat map and 0 for a single position", () => {
  expect(evenness(new Array(16).fill(0.5))).toBeCloseTo(1, 12);
  expect(evenness([0, 0, 1, 0])).toBe(0);
  expect(evenness([1, 1, 0, 0])).toBeCloseTo(0.5, 12);
});

test("the centre is set against the outermost ring", () => {
  const map = Array.from({ length: 16 }, (_, i) => ([5, 6, 9, 10].includes(i) ? 3 : 1.5));
  expect(borderRatio(map)).toBe(2);
});
