/** What is counted and kept of the looks at watched images with objects. */
import { expect, test } from "vitest";
import { ErasureCount } from "./erasure";
import { condensed } from "./monitor";

test("maps with channels go to the page as their mean |F|", () => {
  const data = Float32Array.of(1, -3, 2, 2);
  expect(condensed({ "reconstruction.0.1": { shape: [1, 1, 2, 2], data } })).toEqual({
    "reconstruction.0.1": { shape: [1, 1, 2], data: Float32Array.of(2, 2) },
  });
});

test("masks count what is erased, errors add up; both over images and looks, and come back with a saved run", () => {
  const count = new ErasureCount();
  const look = (mask: number[], error: number[]) => ({
    "mask.0": { shape: [2, 1, 2], data: Float32Array.from(mask) },
    "error.0": { shape: [2, 1, 2], data: Float32Array.from(error) },
    "student.0": { shape: [2, 1, 2], data: Float32Array.of(9, 9, 9, 9) },
  });
  count.add(look([0, 1, 0, 1], [2, 4, 4, 8]));
  count.add(look([1, 1, 0, 1], [0, 0, 2, 4]));
  // Settings under which nothing is regenerated leave the error as it was.
  const { "error.0": _, ...masksAlone } = look([1, 1, 1, 1], []);
  count.add(masksAlone);
  const extras = new Map();
  count.store(extras);
  const again = new ErasureCount();
  again.recall(extras);
  for (const { looks, shares } of [count.report(), again.report()]) {
    expect(looks).toBe(3);
    expect(Object.keys(shares)).toEqual(["mask.0", "error.0"]);
    expect(Array.from(shares["mask.0"].data)).toEqual([0.5, 0]);
    expect(Array.from(shares["error.0"].data)).toEqual([2, 4]);
  }
});
