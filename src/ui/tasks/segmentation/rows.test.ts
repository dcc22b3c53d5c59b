/** A visitor's own picture among the rows of masks. */
import { expect, test } from "vitest";
import type { MaskGallery, MaskSnapshot } from "../../../tasks/segmentation/views";
import { countOf, describe, labelOf, rowsOf, withOwn } from "./rows";

const own = { number: 2, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) };
const gallery: MaskGallery = {
  ...{ side: 2, grid: [1, 2], classes: ["sky", "sea"], palette: [], own },
  ...{ images: new Uint8Array(12), truths: Uint8Array.of(0, 1, 1, 1) },
};
const found = { number: 2, student: Uint8Array.of(1, 1, 1, 1), score: Float32Array.of(0.1, 0.9), kept: Uint32Array.of(1) };
const snapshot: MaskSnapshot = {
  step: 3,
  student: Uint8Array.of(0, 0, 1, 1),
  score: Float32Array.of(0.6, 0.4),
  kept: Uint32Array.of(0),
  own: found,
};

test("it is the last one of each row, with patches of its own, and none of its pixels counts", () => {
  const [images, masks] = withOwn(gallery, snapshot);
  expect([countOf(images), [...images.images.subarray(12)]]).toEqual([2, [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]]);
  const [kept, truth, student] = rowsOf(images, masks, true);
  expect([kept.note, [...kept.kept!(0)], [...kept.kept!(1)]]).toEqual(["1 of 2 patches", [0], [1]]);
  expect(describe(kept, images, 1, 1)).toBe("kept, score 0.9");
  expect(describe(truth, images, 1, 0)).toBe("does not count");
  expect([student.note, [...student.labels!(1)]]).toEqual(["75 % of these pixels right", [1, 1, 1, 1]]);
  // The share that is right is none of it.
  expect([0, 1].map((image) => labelOf(student, images, image))).toEqual([
    "Student, image 1. 75 % of these pixels right.",
    "Student, your picture. Nobody says what is on it.",
  ]);
  expect(labelOf(kept, images, 1)).toBe("Teacher sees, your picture. 1 of 2 patches.");
});

test("until it was looked at, and where another one was, there are the others alone", () => {
  for (const other of [undefined, { ...snapshot, own: undefined }, { ...snapshot, own: { ...found, number: 1 } }]) {
    const [images, masks] = withOwn(gallery, other);
    expect([countOf(images), images.own, masks]).toEqual([1, undefined, other]);
  }
});
