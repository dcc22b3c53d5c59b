import { describe, expect, it } from "vitest";
import type { Box } from "../geometry/boxes";
import { hasShared, sharedBytes, sharedJson, sharedPaths } from "../models/shared.fixture";
import type { Answered } from "./coco";
import { vocScores } from "./voc";

/** Lines of numbers of a file, without the class's name before them. */
function rows(path: string): number[][] {
  const lines = new TextDecoder().decode(sharedBytes(path)).trim().split("\n");
  return lines.map((line) => line.trim().split(/\s+/).slice(1).map(Number));
}

const boxOf = ([x, y, width, height]: number[]): Box => [x, y, x + width, y + height];

function images(): Answered[] {
  return sharedPaths("vocap/test_case_1/gts").map((path) => ({
    truths: rows(path).map((bbox) => ({ category: 0, box: boxOf(bbox) })),
    detections: rows(path.replace("/gts/", "/dets/")).map(([score, ...bbox]) => ({ category: 0, score, box: boxOf(bbox) })),
  }));
}

describe.skipIf(!hasShared)("the shared case of review_object_detection_metrics", () => {
  const published = () => sharedJson<Record<"eleven_point" | "every_point", Record<string, number>>>("vocap/test_case_1/expected.json");

  it.each(["eleven", "every"] as const)("%s-point: the published AP at every threshold, to the ten digits given", (interpolation) => {
    const expected = Object.entries(published()[`${interpolation}_point`]);
    expect(expected.length).toBe(4);
    for (const [threshold, ap] of expected) {
      const scores = vocScores(images(), { classes: 1, threshold: Number(threshold), interpolation, inclusive: true });
      expect(scores.map, threshold).toBeCloseTo(ap, 9);
    }
  });
});

describe("VOC AP by hand", () => {
  const at = (x: number): Box => [x, 0, x + 10, 10];
  const truths = [
    { category: 0, box: at(0) },
    { category: 0, box: at(20) },
  ];
  const found = (x: number, score: number, category = 0) => ({ category, score, box: at(x) });

  it("is the area under the curve, or its mean at eleven recalls", () => {
    const image = { truths, detections: [found(0, 0.9), found(50, 0.8), found(20, 0.7)] };
    expect(vocScores([image], { classes: 1 }).map).toBeCloseTo(0.5 + 0.5 * (2 / 3), 12);
    expect(vocScores([image], { classes: 1, interpolation: "eleven" }).map).toBeCloseTo((6 + 5 * (2 / 3)) / 11, 12);
  });

  it("counts no difficult object, nor what finds it; a second find is a mistake", () => {
    const difficult = [truths[0], { ...truths[1], difficult: true }];
    expect(vocScores([{ truths: difficult, detections: [found(20, 0.95), found(20, 0.93), found(0, 0.9)] }], { classes: 1 }).map).toBe(1);
    expect(vocScores([{ truths, detections: [found(0, 0.9), found(0, 0.8), found(20, 0.7)] }], { classes: 1 }).map).toBeCloseTo(5 / 6, 12);
  });

  it("leaves classes without objects out", () => {
    const scores = vocScores([{ truths, detections: [found(0, 0.9), found(20, 0.9), found(0, 0.9, 1)] }], { classes: 2 });
    expect(scores).toEqual({ map: 1, perClass: [1, Number.NaN] });
  });
});
