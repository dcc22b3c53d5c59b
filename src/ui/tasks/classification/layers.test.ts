/** What lies over the images of each row, on oblong grids whose values are known. */
import { expect, test } from "vitest";
import type { Gallery, Snapshot } from "../../../tasks/classification/views";
import type { Layer } from "../masks/layer";
import { layersOf, type Shown } from "./layers";

/** Two images of 1 x 2 patches. */
const gallery: Gallery = { side: 4, channels: 1, grid: [1, 2], images: new Uint8Array(32), labels: [0, 1], classes: ["a", "b"] };

/** The student's own patches are 2 x 1, of two heads. */
const snapshot: Snapshot = {
  ...{ step: 3, student: [0, 0], heads: 2, grid: [2, 1] },
  attention: Float32Array.of(0, 4, 3, 1, 4, 4, 5, 5),
};
const shown: Shown = { gallery, snapshot, masked: "teacher", teacher: "ViT" };

const values = ({ values }: Layer) => [0, 1].map((image) => Array.from(values?.(image) ?? []));

test("saliency is what ranked the patches, on the grid that is masked, as multiples of an even share", () => {
  const [layer] = layersOf("saliency", { ...shown, snapshot: { ...snapshot, score: Float32Array.of(9, 3, 6, 6) } });
  expect(values(layer)).toEqual([
    [1.5, 0.5],
    [1, 1],
  ]);
  expect([layer.grid, layer.note, layer.times]).toEqual([[1, 2], "ranked the patches", true]);
});

test("where nothing was ranked, saliency is the student's attention, mean over heads, on the student's own grid", () => {
  const [layer] = layersOf("saliency", shown);
  expect(values(layer)).toEqual([
    [0.75, 1.25],
    [1, 1],
  ]);
  expect([layer.grid, layer.note]).toEqual([[2, 1], "the student's attention, mean over heads"]);
});

test("each head has a row of its own", () => {
  const layers = layersOf("heads", shown);
  expect(layers.map(values)).toEqual([
    [
      [0, 2],
      [1, 1],
    ],
    [
      [1.5, 0.5],
      [1, 1],
    ],
  ]);
});

test("attention within a tenth of an even share is said to be almost uniform", () => {
  const [layer] = layersOf("saliency", { ...shown, snapshot: { ...snapshot, score: Float32Array.of(1, 1.1, 1, 1) } });
  expect(layer.note).toBe("ranked the patches; almost uniform");
});

test("the mask says how many patches stay, and of the objects how much", () => {
  const kept = Uint32Array.of(0, 1);
  const objects = Float64Array.of(0.75, 0.25, 0.5, 0.5);
  const [layer] = layersOf("mask", { ...shown, gallery: { ...gallery, objects }, snapshot: { ...snapshot, kept } });
  expect(layer.note).toBe("1 of 2 patches, 63 % of the objects");
  expect([layer.kept?.(0).has(0), layer.kept?.(1).has(0)]).toEqual([true, false]);
  expect(layersOf("mask", shown)[0]).toMatchObject({ title: "Teacher sees", note: "every patch" });
  expect(layersOf("mask", { ...shown, teacher: null })[0].title).toBe("Student sees");
});

test("how often each patch was kept is counted over all stages of the run", () => {
  const tally = (...counts: number[]) => ({ images: 4, kept: 4, counts: Float64Array.from(counts) });
  const stage = { until: 1, positions: tally(2, 2) };
  const stages = [
    { name: "start" as const, ...stage, watched: tally(2, 0, 1, 1) },
    { name: "late" as const, ...stage, watched: tally(2, 0, 0, 2) },
  ];
  const [layer] = layersOf("kept", { ...shown, frequency: { stages } });
  expect(values(layer)).toEqual([
    [1, 0],
    [0.25, 0.75],
  ]);
  expect(layer.note).toBe("share of 4 snapshots of the run; each image's shares sum to 1");
  // What a person brought has taken the place of an image that was counted.
  const [beside] = layersOf("kept", { ...shown, gallery: { ...gallery, labels: [-1, 1] }, frequency: { stages } });
  expect(values(beside)).toEqual([
    [0, 0],
    [0.25, 0.75],
  ]);
  expect(beside.note).toBe("share of 4 snapshots of the run; each image's shares sum to 1; yours is not counted");
});
