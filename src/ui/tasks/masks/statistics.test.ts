/** Figures about the mask on maps whose answers are known. */
import { expect, test } from "vitest";
import { backgroundSeen, centreAndBorder, diversity, entropy, objectSeen, ratesOf, stray, watchedRates } from "./statistics";

test("rates sum to k, and chance is k of N", () => {
  const { rates, chance, sum } = ratesOf({ images: 8, kept: 16, counts: Float64Array.of(8, 4, 4, 0) });
  expect([...rates]).toEqual([1, 0.5, 0.5, 0]);
  expect([chance, sum]).toEqual([0.5, 2]);
});

test("entropy is ln N for a flat map and 0 for a single position", () => {
  expect(entropy(new Array(16).fill(0.5))).toBeCloseTo(Math.log(16), 12);
  expect(entropy([0, 0, 1, 0])).toBe(0);
  expect(entropy([1, 1, 0, 0])).toBeCloseTo(Math.log(2), 12);
});

test("the centre is set against the outermost ring", () => {
  const map = Array.from({ length: 16 }, (_, i) => ([5, 6, 9, 10].includes(i) ? 3 : 1.5));
  expect(centreAndBorder(map, [4, 4])).toEqual({ centre: 3, border: 1.5 });
  const oblong = Array.from({ length: 12 }, (_, i) => ([5, 6].includes(i) ? 4 : 2));
  expect(centreAndBorder(oblong, [3, 4])).toEqual({ centre: 4, border: 2 });
});

test("chance strays by two standard errors", () => {
  expect(stray(0.5, 100)).toBeCloseTo(0.1, 12);
  expect(stray(1, 100)).toBe(0);
});

test("a mask that always keeps the object sees all of it", () => {
  // Two images of two patches, each looked at three times; the object is in the first patch, then half in either.
  const objects = Float64Array.of(1, 0, 0.5, 0.5);
  expect(objectSeen({ images: 6, kept: 6, counts: Float64Array.of(3, 0, 3, 0) }, objects)).toBe(0.75);
  // The only patch that holds none of an object is the second: kept in one look of three, then in none.
  expect(backgroundSeen({ images: 6, kept: 6, counts: Float64Array.of(2, 1, 3, 0) }, objects, 2)).toBeCloseTo(1 / 3, 12);
  expect(backgroundSeen({ images: 6, kept: 6, counts: Float64Array.of(3, 0, 3, 0) }, objects, 2)).toBe(0);
  expect(backgroundSeen({ images: 3, kept: 3, counts: Float64Array.of(3, 0) }, [0.5, 0.5], 2)).toBeUndefined();
});

test("the patches of watched images are counted over all stages, and a mask is as varied as the patches it draws from", () => {
  const tally = (images: number, counts: number[]) => ({ images, kept: 0, counts: Float64Array.from(counts) });
  // Two watched images of two patches each; two looks early, one late.
  const stages = [
    { name: "early" as const, until: 0.5, positions: tally(9, [5, 4]), watched: tally(4, [2, 0, 1, 1]) },
    { name: "late" as const, until: 1, positions: tally(9, [5, 4]), watched: tally(2, [1, 0, 1, 0]) },
  ];
  const { moments, rates } = watchedRates({ stages }, 2, 2)!;
  expect(moments).toBe(3);
  expect([...rates]).toEqual([1, 0, 2 / 3, 1 / 3].map(Math.fround));
  expect(watchedRates({ stages }, 1, 2)!.rates).toHaveLength(2);
  expect(watchedRates({ stages }, 2, 4)).toBeUndefined();
  expect(diversity([1, 0])).toBe(1);
  expect(diversity([0.5, 0.5, 0.5, 0.5])).toBeCloseTo(4, 12);
});
