import { expect, test } from "vitest";
import type { Box, Detection, GroundTruth } from "../../geometry/boxes";
import { tide } from "../../metrics/tide";
import { scoresOf, tideCosts } from "./outcome";
import { dataset } from "./task.fixture";

const at = (x: number, width = 10): Box => [x, 0, x + width, 10];
const truth = (box: Box, category = 0): GroundTruth => ({ category, box });
const found = (box: Box, score: number, category = 0): Detection => ({ category, score, box });

test("COCO's and VOC's scores and TIDE's costs come from the same answers", async () => {
  // Found, missed, and of the second class one that the detector takes for the first.
  const truths = [truth(at(0)), truth(at(40)), truth(at(20), 1)];
  const answered = [{ truths, detections: [found(at(0), 0.9), found(at(20), 0.8)] }];
  const { map, ap50, voc_ap50 } = await scoresOf(answered, dataset);
  // Precision 1 up to a recall of one half: 51 of COCO's 101 recalls, half of VOC's area; the mean with the second class's 0.
  for (const score of [map, ap50]) expect(score).toBeCloseTo(51 / 101 / 2, 9);
  expect(voc_ap50).toBe(0.25);
  // Named rightly the second is found as well; without the one that is missed the first class is complete.
  const cost = { cls: 0.5, loc: 0, both: 0, dupe: 0, bkg: 0, miss: 50 / 101 / 2 };
  const expected = Object.fromEntries(Object.entries(cost).map(([kind, gain]) => [kind, expect.closeTo(gain, 9)]));
  expect(tideCosts((await tide(answered)).errors)).toEqual(expected);
});

test("precision and recall are told by size too, where there is an object of that size", async () => {
  // At 64 pixels medium begins at 4 and ends at 12: one large object found, one medium one missed, none is small.
  const answered = [{ truths: [truth([0, 0, 30, 30]), truth(at(40))], detections: [found([0, 0, 30, 30], 0.9)] }];
  const scores = await scoresOf(answered, dataset);
  expect(scores).toMatchObject({ ap_l: expect.closeTo(1, 9), mar_l: 1, ap_m: 0, mar_m: 0, mar: 0.5 });
  expect(Object.keys(scores).filter((name) => name.endsWith("_s"))).toEqual([]);
});

test("without any object to find there is no score, rather than one that is no number", async () => {
  const answered = [{ truths: [], detections: [found(at(0), 0.9)] }];
  expect(await scoresOf(answered, dataset)).toEqual({});
  for (const cost of Object.values(tideCosts((await tide(answered)).errors))) expect(cost).toBe(0);
});
