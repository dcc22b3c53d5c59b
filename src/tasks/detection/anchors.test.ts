/** Whether the anchors that there are to choose from suit the generated objects. */
import { describe, expect, test } from "vitest";
import { detectionScenes } from "../../data/scenes.detection";
import { DETECTORS, smallDetector } from "../../models/detector/config";
import { coverage, fittedAnchor } from "../../models/detector/coverage";

describe("on Scenes-Detection at 128 pixels", () => {
  const { train } = detectionScenes({ side: 128, train: 100, test: 1, seed: 1 });
  const images = Array.from({ length: train.count }, (_, i) => train.truths(i));
  const config = (kind: (typeof DETECTORS)[number]) => smallDetector(kind, "student", 9);

  test.each(DETECTORS)("%s: with scales of two strides or fitted every level has positives, few objects none", (kind) => {
    for (const anchor of [2, fittedAnchor(config(kind), images.flat())!]) {
      const { positives, missed } = coverage({ ...config(kind), anchor }, images);
      for (const count of positives) expect(count).toBeGreaterThan(0.5);
      expect(missed).toBeLessThan(0.06);
    }
  });

  test.each(["atss", "gfl"] as const)("%s: with four strides the coarsest level has none, with eight the middle one neither", (kind) => {
    expect(coverage({ ...config(kind), anchor: 4 }, images).positives[2]).toBe(0);
    expect(coverage({ ...config(kind), anchor: 8 }, images).positives[1]).toBe(0);
  });
});
