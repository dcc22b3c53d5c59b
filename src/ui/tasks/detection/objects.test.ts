import { expect, test } from "vitest";
import type { FeatureMap } from "./featureMaps";
import { covered, objectMeans } from "./objects";

// Two images of 8 x 8 pixels: an object in the upper left quarter, and none.
const gallery = { side: 8, truths: [[{ category: 0, box: [0, 0, 4, 4] as const }], []] };
const map = (...data: number[]): FeatureMap => ({ view: "mask", at: {}, shape: [2, 2, 2], data });

test("a cell is covered where its centre lies in a box", () => {
  expect(covered(gallery.truths[0], 8, [2, 2])).toEqual([true, false, false, false]);
  // Borders of cells cut objects: half of one is not enough to reach a centre.
  expect(covered([{ category: 0, box: [0, 0, 2, 8] }], 8, [1, 2])).toEqual([false, false]);
  expect(covered([{ category: 0, box: [0, 0, 3, 8] }], 8, [1, 2])).toEqual([true, false]);
});

test("means run over all images and maps, objects and background apart", () => {
  const means = objectMeans([map(1, 0, 0, 0, 0, 0, 0, 0.7), map(0.5, 0, 0, 0, 0, 0, 0, 0)], gallery);
  expect(means?.object).toBe(0.75);
  expect(means?.background).toBeCloseTo(0.7 / 14, 6);
  expect(objectMeans([], gallery)).toBeUndefined();
  expect(objectMeans([map(1, 1, 1, 1, 1, 1, 1, 1)], { side: 8, truths: [[], []] })).toBeUndefined();
});
