import { expect, test } from "vitest";
import type { Box, GroundTruth } from "../../geometry/boxes";
import { type DETECTORS, smallDetector } from "./config";
import { coverage, fittedAnchor } from "./coverage";

const square = (side: number, at = 20): GroundTruth => ({ category: 0, box: [at, at, at + side, at + side] as Box });

test("counts positives by level, per image, and the objects that nobody answers for", () => {
  const config = { ...smallDetector("fcos", "student", 3), anchor: 4 };
  // Of the points 4, 12, 20, 28, ... of the finest level one lies within 20 to 32 on each axis, and none within 13 to 14.
  const found = coverage(config, [[square(12)], [square(1, 13), square(12)], []]);
  expect(found.positives).toEqual([expect.closeTo(2 / 3, 9), 0, 0]);
  expect(found.missed).toBeCloseTo(1 / 3, 9);
  expect(coverage(config, [[]])).toEqual({ positives: [0, 0, 0], missed: 0 });
});

test("anchors of the middle level are as large as the median box; FCOS's first range reaches as far as it", () => {
  const truths = [square(4), square(20), square(70)];
  const fitted = (kind: (typeof DETECTORS)[number]) => fittedAnchor(smallDetector(kind, "student", 3), truths);
  expect([fitted("gfl"), fitted("atss"), fitted("fcos")]).toEqual([1.25, 1.25, 2.5]);
  // Half of 1.98 strides of 16 pixels, times 2^(1/3), the middle of its octave.
  expect((fitted("retinanet")! / 2) * 16 * 2 ** (1 / 3)).toBeCloseTo(20, 0);
  expect(fittedAnchor(smallDetector("gfl", "student", 3), [])).toBeUndefined();
});
