/** What the pictures of self-distillation show at a step: which images lie under which layer, and what is said of it. */
import { expect, test } from "vitest";
import type { CropGallery, CropSnapshot } from "../../../tasks/dino/views";
import { rowsOf } from "./rows";

/** Two grey images of 2 x 2 patches of two pixels; the object of the second is in its last patch. */
const gallery: CropGallery = {
  ...{ side: 4, channels: 1, grid: [2, 2], images: new Uint8Array(32), labels: [0, 1], classes: ["a", "b"] },
  objects: Float64Array.of(0.5, 0.5, 0, 0, 0, 0, 0, 1),
};
const snapshot: CropSnapshot = {
  ...{ step: 3, student: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), teacher: new Float32Array(8) },
  ...{ kept: Uint32Array.of(0, 1, 3, 0), keptOfCrops: Uint32Array.of(1, 2, 0, 3, 0, 1, 2, 3) },
  ...{ global: Uint8Array.from({ length: 64 }, (_, i) => i), local: Uint8Array.from({ length: 24 }, (_, i) => i), localSide: 2 },
};

test("before the first look there are the images alone", () => {
  expect(rowsOf(gallery, undefined).map(({ id, note }) => [id, note])).toEqual([["images", "held out, cut into patches"]]);
});

test("the choice on whole images, the first crop of each kind, and attention", () => {
  const rows = rowsOf(gallery, snapshot);
  expect(rows.map(({ id, note }) => [id, note])).toEqual([
    ["images", "the best 2 of 4 patches, 100 % of the objects"],
    ["crop", "first of two: 2 of 4 patches"],
    ["local", "the student alone: first of 3"],
    ["student", "its class token, whole images"],
    ["teacher", "its class token, whole images"],
  ]);
  const [whole, crop, local, student] = rows;
  expect(whole.kept?.(1)).toEqual(new Set([3, 0]));
  expect(crop.kept?.(1)).toEqual(new Set([0, 3]));
  expect(crop.images).toEqual({ planes: snapshot.global.subarray(0, 32), side: 4 });
  expect([local.images, local.grid]).toEqual([{ planes: snapshot.local?.subarray(0, 8), side: 2 }, [1, 1]]);
  expect(Array.from(student.values!(1))).toEqual([5, 6, 7, 8].map((value) => Math.fround((4 * value) / 26)));
});

test("where every patch is kept and there are no local crops, the rows say so", () => {
  const rows = rowsOf(gallery, { ...snapshot, kept: undefined, keptOfCrops: undefined, local: undefined });
  expect(rows.map(({ id, note }) => [id, note]).slice(0, 2)).toEqual([
    ["images", "every patch is shown to the teacher"],
    ["crop", "first of two: every patch"],
  ]);
  expect(rows.map(({ id }) => id)).toEqual(["images", "crop", "student", "teacher"]);
});
