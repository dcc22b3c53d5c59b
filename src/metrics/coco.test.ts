import { describe, expect, it } from "vitest";
import type { Box, Detection, GroundTruth } from "../geometry/boxes";
import { hasShared } from "../models/shared.fixture";
import { type Answered, COCO_EDGES, CocoEvaluation, type CocoScores, cocoScores, scaledEdges } from "./coco";
import { cocoCase } from "./coco.fixture";

const at = (x: number, size = 10): Box => [x, 0, x + size, size];
const truth = (box: Box, more: Partial<GroundTruth> = {}): GroundTruth => ({ category: 0, box, ...more });
const found = (box: Box, score: number, category = 0): Detection => ({ category, score, box });

function scoresOf(images: Answered[], classes = 1): CocoScores {
  const evaluation = new CocoEvaluation({ classes });
  for (const image of images) evaluation.add(image);
  return evaluation.scores();
}

const one = (truths: GroundTruth[], detections: Detection[], classes = 1) => scoresOf([{ truths, detections }], classes);

describe.skipIf(!hasShared)("the shared cases of cocoeval.py", () => {
  it.each(["mini", "bccd-val-synth", "val2014-fakebbox100"])("%s: all twelve numbers and each class's, to 1e-12", async (name) => {
    const { images, classes, expected } = cocoCase(name);
    const scores = await cocoScores(images, { classes: classes.length });
    const { ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar, arSmall, arMedium, arLarge } = scores;
    const stats = { AP: ap, AP50: ap50, AP75: ap75, APsmall: apSmall, APmedium: apMedium, APlarge: apLarge };
    const recalls = { AR1: ar1, AR10: ar10, AR100: ar, ARsmall: arSmall, ARmedium: arMedium, ARlarge: arLarge };
    expect(Object.keys({ ...stats, ...recalls })).toEqual(Object.keys(expected.stats));
    for (const [key, value] of Object.entries({ ...stats, ...recalls })) expect(value, key).toBeCloseTo(expected.stats[key], 12);
    expect(Object.keys(expected.per_class).length).toBe(scores.perClass.filter(({ objects }) => objects > 0).length);
    for (const [label, numbers] of Object.entries(expected.per_class)) {
      const own = scores.perClass[classes.indexOf(label)];
      for (const [key, value] of Object.entries({ AP: own.ap, AP50: own.ap50, AP75: own.ap75 })) {
        expect(value, `${label} ${key}`).toBeCloseTo(numbers[key as "AP"], 12);
      }
    }
  });
});

describe("COCO's numbers by hand", () => {
  it("a hit, a mistake and a hit of two objects", () => {
    expect(one([truth(at(0)), truth(at(20))], [found(at(0), 0.9), found(at(50), 0.8), found(at(20), 0.7)]).ap).toBeCloseTo(0.834983, 6);
  });

  it("one of two objects, nothing, everything", () => {
    const objects = [truth(at(0)), truth(at(20))];
    expect(one(objects, [found(at(0), 0.9)])).toMatchObject({ ap: expect.closeTo(51 / 101, 12), ar: 0.5, ar1: 0.5 });
    expect(one(objects, [])).toMatchObject({ ap: 0, ap50: 0, ar: 0 });
    expect(one(objects, [found(at(0), 0.9), found(at(20), 0.8)])).toMatchObject({ ap: expect.closeTo(1, 12), ar: 1, ar1: 0.5, ar10: 1 });
  });

  it("an IoU of 0.82 passes seven of ten thresholds", () => {
    const scores = one([truth([0, 0, 100, 10])], [found([0, 0, 82, 10], 0.5)]);
    expect(scores).toMatchObject({ ap: expect.closeTo(0.7, 12), ar: expect.closeTo(0.7, 12), ap50: expect.closeTo(1, 12) });
  });

  it("classes without objects play no part, whatever is found of them", () => {
    const scores = one([truth(at(0))], [found(at(0), 0.9), found(at(40), 0.95, 1)], 3);
    expect(scores.ap).toBeCloseTo(1, 12);
    expect(scores.perClass[1]).toEqual({ ap: NaN, ap50: NaN, ap75: NaN, ar: NaN, objects: 0 });
    expect(one([], [found(at(0), 0.9)]).ap).toBeNaN();
  });

  it("a crowd takes any number of detections by the share of them inside; a difficult object takes one", () => {
    const crowd = truth([20, 0, 80, 40], { crowd: true });
    const inside = [found(at(22), 0.99), found(at(40), 0.98), found(at(60), 0.97)];
    expect(one([truth(at(0)), crowd], [found(at(0), 0.5), ...inside]).ap).toBeCloseTo(1, 12);
    const difficult = truth(at(20), { difficult: true });
    expect(one([truth(at(0)), difficult], [found(at(0), 0.9)]).ap).toBeCloseTo(1, 12);
    expect(one([truth(at(0)), difficult], [found(at(20), 0.99), found(at(0), 0.9)]).ap).toBeCloseTo(1, 12);
    expect(one([truth(at(0)), difficult], [found(at(20), 0.99), found(at(20), 0.98), found(at(0), 0.9)]).ap).toBeCloseTo(0.5, 12);
  });

  it("of equal overlaps the later object is taken; a second detection of one object is a mistake", () => {
    const twice = [found(at(0), 0.9), found(at(0), 0.8), found(at(20), 0.7)];
    expect(one([truth(at(0)), truth(at(20))], twice).ap50).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 12);
  });

  it("only the hundred best of an image and class count", () => {
    const wrong = Array.from({ length: 100 }, (_, i) => found(at(100 + 20 * i), 0.9));
    expect(one([truth(at(0))], [...wrong, found(at(0), 0.5)]).ap).toBe(0);
    expect(one([truth(at(0))], [...wrong.slice(1), found(at(0), 0.5)]).ap).toBeCloseTo(0.01, 12);
  });

  it("sorts objects by size, by the area a data set gives if it gives one", () => {
    const scores = one([truth(at(0, 31)), truth(at(200, 50)), truth(at(400, 97))], [found(at(0, 31), 0.9), found(at(400, 97), 0.8)]);
    expect([scores.apSmall, scores.apMedium, scores.apLarge]).toEqual([1, 0, 1].map((v) => expect.closeTo(v, 12)));
    expect(one([truth(at(0, 40), { area: 900 })], [found(at(0, 40), 0.9)])).toMatchObject({
      apSmall: expect.closeTo(1, 12),
      apMedium: NaN,
    });
    const small = new CocoEvaluation({ classes: 1, edges: scaledEdges(128) });
    expect([128, 512, 640].map(scaledEdges)).toEqual([[8, 24], COCO_EDGES, COCO_EDGES]);
    small.add({ truths: [truth(at(0, 9))], detections: [found(at(0, 9), 0.9)] });
    expect(small.scores()).toMatchObject({ apSmall: NaN, apMedium: expect.closeTo(1, 12), apLarge: NaN });
  });
});

describe("cocoScores", () => {
  it("lets others work, and tells how far it is", async () => {
    const detections = Array.from({ length: 100 }, (_, i) => found(at(i), 1 - i / 200));
    const images = Array.from({ length: 400 }, () => ({ truths: Array.from({ length: 20 }, (_, i) => truth(at(5 * i))), detections }));
    const shares: number[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await cocoScores(images, { classes: 1, progress: (share) => shares.push(share) });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
    expect(shares.length).toBeGreaterThan(2);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });
});
