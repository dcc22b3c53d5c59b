import { describe, expect, it } from "vitest";
import { segmentationScenesId, segmentationScenesOfId } from "./scenes.id";
import { SEGMENTATION_CLASSES, segmentationScene, segmentationScenes } from "./scenes.segmentation";
import { packedSegmentation, unpackedSegmentation, vocPalette } from "./segmentation";

const AREA = 64 * 64;
const pictures = Array.from({ length: 240 }, (_, index) => segmentationScene(1, "train", index));
const shares = SEGMENTATION_CLASSES.map((_, label) => {
  const count = pictures.reduce((sum, { labels }) => sum + labels.filter((l) => l === label).length, 0);
  return count / (pictures.length * AREA);
});

describe("segmentationScene", () => {
  it("is a function of seed, split and index", () => {
    expect(segmentationScene(3, "train", 17)).toEqual(segmentationScene(3, "train", 17));
    const others = [segmentationScene(4, "train", 17), segmentationScene(3, "test", 17), segmentationScene(3, "train", 18)];
    for (const other of others) expect(other.image).not.toEqual(segmentationScene(3, "train", 17).image);
  });

  it("shows every class often, mostly background, and some pictures with several classes", () => {
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
    expect(shares[0]).toBeGreaterThan(0.6);
    expect(shares[0]).toBeLessThan(0.9);
    for (const share of shares.slice(1)) expect(share).toBeGreaterThan(0.01);
    const several = pictures.filter(({ labels }) => new Set(labels).size > 2);
    expect(several.length).toBeGreaterThan(60);
    expect(pictures.every(({ labels }) => new Set(labels).size > 1)).toBe(true);
  });

  it("paints objects where the mask says: colours change across its borders and hardly elsewhere", () => {
    let [across, within, borders, pairs] = [0, 0, 0, 0];
    for (const { image, labels } of pictures.slice(0, 60)) {
      for (let i = 0; i < AREA; i++) {
        if (i % 64 > 60) continue;
        // Two pixels apart, so that an edge's soft pixels do not count.
        const step = Math.hypot(...[0, 1, 2].map((c) => image[c * AREA + i] - image[c * AREA + i + 3]));
        if (labels[i] === labels[i + 3]) [within, pairs] = [within + step, pairs + 1];
        else [across, borders] = [across + step, borders + 1];
      }
    }
    expect(across / borders).toBeGreaterThan(2.5 * (within / pairs));
  });

  it("keeps the same picture, larger, at another size", () => {
    const [small, large] = [segmentationScene(5, "test", 8, 48).labels, segmentationScene(5, "test", 8, 96).labels];
    const agree = small.filter((label, i) => label === large[2 * Math.floor(i / 48) * 96 + 2 * (i % 48)]);
    expect(agree.length / small.length).toBeGreaterThan(0.97);
  });
});

describe("segmentationScenes", () => {
  it("paints pictures when they are first read, once, and is made again from its id", () => {
    const data = segmentationScenes({ train: 1e6, test: 10, seed: 9 });
    expect([data.side, data.channels, data.train.count, data.classes.length, data.palette.length]).toEqual([64, 3, 1e6, 8, 8]);
    const { image, labels } = segmentationScene(9, "train", 999_999);
    expect(data.train.image(999_999)).toEqual(image);
    expect(data.train.labels(999_999)).toEqual(labels);
    expect(data.train.labels(999_999)).toBe(data.train.labels(999_999));
    expect(data.test.image(3)).toEqual(segmentationScene(9, "test", 3).image);
    expect(segmentationScenesOfId(data.id)).toEqual({ side: 64, train: 1e6, test: 10, seed: 9 });
    expect(segmentationScenesId(segmentationScenesOfId(data.id)!)).toBe(data.id);
    for (const id of ["scenes-64-10-10-1", "scenes-detection-64-10-10-1", "files-0"]) expect(segmentationScenesOfId(id)).toBeUndefined();
  });

  it("knows the mean and spread of its colours", () => {
    const { moments } = segmentationScenes({ train: 1, test: 1, seed: 1 });
    for (const c of [0, 1, 2]) {
      const values = pictures.flatMap(({ image }) =>
        [...image.subarray(c * AREA, (c + 1) * AREA).filter((_, i) => i % 61 === 0)].map((v) => v / 255),
      );
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const std = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
      expect(Math.abs(mean - moments.mean[c])).toBeLessThan(0.03);
      expect(Math.abs(std - moments.std[c])).toBeLessThan(0.02);
    }
  });

  it("goes from thread to thread and comes back the same", () => {
    const data = segmentationScenes({ side: 16, train: 5, test: 3, seed: 2 });
    const back = unpackedSegmentation(structuredClone(packedSegmentation(data)));
    expect([back.id, back.name, back.classes, back.palette]).toEqual([data.id, data.name, data.classes, data.palette]);
    for (const i of [0, 4]) expect([back.train.image(i), back.train.labels(i)]).toEqual([data.train.image(i), data.train.labels(i)]);
    expect(back.test.labels(2)).toEqual(data.test.labels(2));
  });
});

it("shows masks in Pascal VOC's colours", () => {
  expect(vocPalette(21).filter((_, i) => [0, 1, 2, 3, 8, 15, 20].includes(i))).toEqual([
    [0, 0, 0],
    [128, 0, 0],
    [0, 128, 0],
    [128, 128, 0],
    [64, 0, 0],
    [192, 128, 128],
    [0, 64, 128],
  ]);
});
