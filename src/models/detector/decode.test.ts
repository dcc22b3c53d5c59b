/** From raw outputs to detections: scores, boxes, suppression. */
import { describe, expect, test } from "vitest";
import type { Box, Detection } from "../../geometry/boxes";
import { anchors, boxOutputs, DETECTORS, type DetectorConfig, priorCounts, smallDetector } from "./config";
import { boxOf, decode, expectation, type LevelOutputs, suppress } from "./decode";

const small = (kind: DetectorConfig["kind"]) => smallDetector(kind, "student", 3);
const logit = (p: number) => Math.log(p / (1 - p));
const ANCHOR: Box = [16, 16, 48, 48];

describe("boxes that raw numbers mean", () => {
  test("RetinaNet: shifts in anchor sizes, logarithms of sizes", () => {
    expect(boxOf(small("retinanet"), ANCHOR, [0.25, -0.5, Math.log(2), 0], 8)).toEqual([8, 0, 72, 32].map((v) => expect.closeTo(v, 9)));
  });

  test("ATSS: the same times (.1, .1, .2, .2)", () => {
    expect(boxOf(small("atss"), ANCHOR, [2.5, -5, 5 * Math.log(2), 0], 8)).toEqual([8, 0, 72, 32].map((v) => expect.closeTo(v, 9)));
  });

  test("a size changes at most 62.5-fold", () => {
    const [x1, , x2] = boxOf(small("retinanet"), ANCHOR, [0, 0, 100, 0], 8);
    expect(x2 - x1).toBeCloseTo(32 * 62.5, 6);
  });

  test("FCOS: exponentials of pixels from the point", () => {
    expect(boxOf(small("fcos"), [20, 12, 20, 12], [0, Math.log(2), Math.log(10), Math.log(4)], 8)).toEqual(
      [19, 10, 30, 16].map((v) => expect.closeTo(v, 9)),
    );
  });

  test("GFL: the mean bin of each side times the stride", () => {
    const sure = (bin: number) => Array.from({ length: 8 }, (_, i) => (i === bin ? 100 : 0));
    expect(boxOf(small("gfl"), ANCHOR, [1, 0, 3, 2].flatMap(sure), 8)).toEqual([24, 32, 56, 48].map((v) => expect.closeTo(v, 9)));
  });

  test("the mean of a uniform distribution over 17 bins is 8", () => {
    expect(expectation(new Array(17).fill(3))).toBeCloseTo(8, 12);
  });
});

test("suppression drops what overlaps a better box of its class by more than the limit", () => {
  const at = (x: number, score: number, category = 0): Detection => ({ category, score, box: [x, 0, x + 10, 10] });
  const [best, near, far, other] = [at(0, 0.9), at(2, 0.8), at(6, 0.7), at(1, 0.6, 1)];
  expect(suppress([far, other, near, best], 0.5)).toEqual([best, far, other]);
  expect(suppress([near, best], 8 / 12)).toEqual([best, near]);
});

/** Outputs of two images in which nothing is found: every class at one percent. */
function nothing(config: DetectorConfig): LevelOutputs[] {
  return priorCounts(config).map((count) => ({
    cls: new Float32Array(2 * count * config.classes).fill(logit(0.01)),
    box: new Float32Array(2 * count * boxOutputs(config)),
    ...((config.kind === "fcos" || config.kind === "atss") && { centerness: new Float32Array(2 * count).fill(logit(0.5)) }),
  }));
}

describe.each(DETECTORS)("%s", (kind) => {
  const config = small(kind);
  /** A prior of the second level and of the second image, with a class to find there. */
  const [level, prior] = [1, 27 * anchors(config)];
  const found = (p: number, category = 2) => {
    const levels = nothing(config);
    (levels[level].cls as Float32Array)[(priorCounts(config)[level] + prior) * 3 + category] = logit(p);
    return levels;
  };

  test("a class above .05 is found in its image alone, with its score", () => {
    const levels = found(0.7);
    expect(decode(config, levels, 0)).toEqual([]);
    const [detection, ...more] = decode(config, levels, 1);
    expect(more).toEqual([]);
    expect(detection.category).toBe(2);
    expect(detection.score).toBeCloseTo(levels[0].centerness ? 0.35 : 0.7, 6);
    expect(detection.box.every((v) => v >= 0 && v <= 128)).toBe(true);
  });

  test("the class score alone decides what is above .05", () => {
    expect(decode(config, found(0.051), 1)).toHaveLength(1);
    expect(decode(config, found(0.049), 1)).toEqual([]);
    expect(decode(config, found(0.049), 1, { least: 0.04 })).toHaveLength(1);
  });

  test("at most so many detections, the best first", () => {
    const levels = nothing(config);
    for (const { cls } of levels)
      (cls as Float32Array).forEach((_, i, all) => {
        all[i] = logit(0.1 + (0.8 * ((i * 37) % 101)) / 101);
      });
    const all = decode(config, levels, 0);
    expect(all.length).toBeLessThanOrEqual(100);
    expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).sort((a, b) => b - a));
    expect(decode(config, levels, 0, { keep: 5 })).toEqual(all.slice(0, 5));
  });
});

test("boxes are cut at the border of the image", () => {
  const config = small("fcos");
  const levels = nothing(config);
  (levels[2].cls as Float32Array)[0] = 3;
  (levels[2].box as Float32Array).set([6, 6, 6, 6]);
  expect(decode(config, levels, 0)[0].box).toEqual([0, 0, 128, 128]);
});
