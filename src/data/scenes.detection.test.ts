import { describe, expect, it } from "vitest";
import { area, iou } from "../geometry/boxes";
import { DETECTION_CLASSES, detectionScene, detectionScenes } from "./scenes.detection";

const pictures = Array.from({ length: 200 }, (_, index) => detectionScene(1, "train", index));

describe("detectionScene", () => {
  it("is a function of seed, split and index", () => {
    expect(detectionScene(3, "train", 17)).toEqual(detectionScene(3, "train", 17));
    const others = [detectionScene(4, "train", 17), detectionScene(3, "test", 17), detectionScene(3, "train", 18)];
    for (const other of others) expect(other.image).not.toEqual(detectionScene(3, "train", 17).image);
  });

  it.each([64, 128, 97])("puts one to six objects of known classes on pictures of side %i, with boxes inside", (side) => {
    for (let index = 0; index < 60; index++) {
      const { image, truths } = detectionScene(2, "test", index, side);
      expect(image.length).toBe(3 * side * side);
      expect(truths.length).toBeGreaterThanOrEqual(1);
      expect(truths.length).toBeLessThanOrEqual(6);
      for (const { category, box } of truths) {
        expect(DETECTION_CLASSES[category]).toBeDefined();
        expect(box.every((edge) => Number.isInteger(edge) && edge >= 0 && edge <= side)).toBe(true);
        expect(area(box)).toBeGreaterThan(0);
      }
    }
  });

  it("has objects of very different sizes, every class, and some that hide each other", () => {
    const truths = pictures.flatMap((picture) => picture.truths);
    const sizes = truths.map(({ box }) => Math.sqrt(area(box)));
    for (const [low, high] of [[4, 12] as const, [12, 30] as const, [30, 80] as const]) {
      expect(sizes.filter((size) => size >= low && size < high).length).toBeGreaterThan(0.15 * sizes.length);
    }
    const counts = DETECTION_CLASSES.map((_, label) => truths.filter(({ category }) => category === label).length);
    expect(Math.min(...counts)).toBeGreaterThan(40);
    const overlaps = pictures.filter(({ truths }) => truths.some((a, i) => truths.some((b, j) => j > i && iou(a.box, b.box) > 0)));
    expect(overlaps.length).toBeGreaterThan(40);
  });

  it("draws boxes where something stands out: colours inside differ from those just outside", () => {
    const striking = pictures.flatMap(({ image, truths }) => truths.map(({ box }) => edgeContrast(image, 128, box)));
    const calm = pictures.flatMap(({ image, truths }) => truths.map(({ box }) => edgeContrast(image, 128, mirrored(box, 128))));
    expect(median(striking)).toBeGreaterThan(2 * median(calm));
  });
});

describe("detectionScenes", () => {
  it("paints pictures when they are first read, once", () => {
    const data = detectionScenes({ side: 64, train: 1e6, test: 10, seed: 9 });
    expect([data.side, data.train.count, data.test.count]).toEqual([64, 1e6, 10]);
    expect(data.classes.length).toBe(data.supercategories.length);
    expect(new Set(data.supercategories).size).toBe(3);
    const { image, truths } = detectionScene(9, "train", 999_999, 64);
    expect(data.train.image(999_999)).toEqual(image);
    expect(data.train.truths(999_999)).toEqual(truths);
    expect(data.train.image(999_999)).toBe(data.train.image(999_999));
    expect(data.test.image(3)).toEqual(detectionScene(9, "test", 3, 64).image);
  });

  it("knows the mean and spread of its colours", () => {
    const { moments } = detectionScenes({ train: 1, test: 1, seed: 1 });
    for (const c of [0, 1, 2]) {
      const values = pictures.flatMap(({ image }) => [...image.filter((_, i) => i % 3 === c && i % 61 === c)].map((v) => v / 255));
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const std = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
      expect(Math.abs(mean - moments.mean[c])).toBeLessThan(0.03);
      expect(Math.abs(std - moments.std[c])).toBeLessThan(0.02);
    }
  });
});

type Edges = readonly [number, number, number, number];

/** The same box on the other side of the picture, where there mostly is no object. */
function mirrored([x1, y1, x2, y2]: Edges, side: number): Edges {
  return [side - x2, side - y2, side - x1, side - y1];
}

/** Greatest step in colour across the middle of a box's left edge, five pixels up and down. */
function edgeContrast(image: Uint8Array, side: number, [x1, y1, , y2]: Edges): number {
  if (x1 < 2) return 0;
  const steps = Array.from({ length: y2 - y1 }, (_, dy) => {
    const at = 3 * ((y1 + dy) * side + x1);
    return Math.hypot(...[0, 1, 2].map((c) => image[at + c] + image[at + 3 + c] - image[at - 3 + c] - image[at - 6 + c])) / 2;
  });
  return Math.max(...steps);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
