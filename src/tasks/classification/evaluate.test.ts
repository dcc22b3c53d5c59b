import { expect, test } from "vitest";
import type { Pictures } from "../../data/dataset";
import { ObjectsSeen } from "./evaluate";

/** Three images of 4 x 4 pixels in 2 x 2 patches: an object in the first patch, one over the upper two, one everywhere. */
const OBJECTS = [(at: number) => at === 0, (at: number) => Math.floor(at / 4) === 1, () => true].map((inside) =>
  Uint8Array.from({ length: 16 }, (_, at) => Number(inside(at))),
);
const split = { count: 3, object: (index: number) => OBJECTS[index] } as unknown as Pictures["train"];
const dataset = { side: 4, test: split } as Pictures;

test("how much of the objects is seen is the mean over images, each counted once", () => {
  const seen = new ObjectsSeen(dataset, [2, 2]);
  expect(seen.mean).toBeUndefined();
  seen.add([0, 1], Uint32Array.of(1, 2, 0, 3));
  expect(seen.mean).toBeCloseTo((0 + 0.5) / 2, 12);
  // The last batch is filled up with its last image.
  seen.add([2, 2], Uint32Array.of(0, 1, 0, 1));
  expect(seen.mean).toBeCloseTo((0 + 0.5 + 0.5) / 3, 12);
});

test("data that do not know their objects say nothing", () => {
  const seen = new ObjectsSeen({ side: 4, test: { count: 3 } } as Pictures, [2, 2]);
  seen.add([0], Uint32Array.of(0, 1));
  expect(seen.mean).toBeUndefined();
});
