import { expect, test } from "vitest";
import { rowsOf } from "./rows";

const GALLERY = {
  side: 4,
  channels: 1,
  grid: [2, 2] as [number, number],
  images: new Uint8Array(32).fill(9),
  labels: [0, 1],
  classes: ["a", "b"],
};

test("before anything was told there are the images alone", () => {
  expect(rowsOf(GALLERY, undefined).map(({ id }) => id)).toEqual(["images"]);
});

test("then what is seen of each, and what is told in place of the rest", () => {
  const told = new Uint8Array(32).fill(5);
  const [, seen, last] = rowsOf(GALLERY, { step: 3, kept: Uint32Array.of(2, 0), told, loss: 0.51 });
  expect([seen.planes, last.planes]).toEqual([GALLERY.images, told]);
  expect([seen.kept?.(0), seen.kept?.(1)]).toEqual([new Set([2]), new Set([0])]);
  expect(seen.note).toContain("1 of 4 patches");
  expect(last.note).toContain("0.51");
});

test("with a teacher also how far the student's features are from its, patch by patch", () => {
  const told = new Uint8Array(32).fill(5);
  const errors = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  const rows = rowsOf(GALLERY, { step: 3, kept: Uint32Array.of(2, 0), told, loss: 0.51, errors });
  expect(rows.map(({ id }) => id)).toEqual(["images", "seen", "told", "errors"]);
  expect(Array.from(rows[3].values!(1))).toEqual([4, 5, 6, 7]);
  expect(rows[2].title).toContain("teacher");
});
