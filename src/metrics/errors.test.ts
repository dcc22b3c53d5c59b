import { describe, expect, it } from "vitest";
import type { Box, Detection, GroundTruth } from "../geometry/boxes";
import { hasShared } from "../models/shared.fixture";
import { cocoCase } from "./coco.fixture";
import { ERROR_CURVES, errorAnalysis } from "./errors";
import { TIDE_ERRORS, type TideError, tide } from "./tide";

const at = (x: number, size = 10): Box => [x, 0, x + size, size];
const truth = (box: Box, category = 0, more: Partial<GroundTruth> = {}): GroundTruth => ({ category, box, ...more });
const found = (box: Box, score: number, category = 0): Detection => ({ category, score, box });

/** Areas by name, of three classes of which the first two are one family. */
async function areas(truths: GroundTruth[], detections: Detection[]): Promise<Record<string, number>> {
  const { perClass } = await errorAnalysis([{ truths, detections }], { supercategories: ["round", "round", "square"] });
  return Object.fromEntries(ERROR_CURVES.map((name, i) => [name, perClass[0]!.areas[i]]));
}

describe("the seven curves", () => {
  it("are all 1 for a perfect detector", async () => {
    const images = [{ truths: [truth(at(0))], detections: [found(at(0), 0.9)] }];
    const { overall, tide: costs } = await errorAnalysis(images, { supercategories: ["a"] });
    expect(costs).toEqual(Object.fromEntries(TIDE_ERRORS.map((kind) => [kind, { count: 0, gain: 0 }])));
    expect(overall.areas).toEqual(ERROR_CURVES.map(() => expect.closeTo(1, 12)));
    expect(overall.curves.map((curve) => curve.length)).toEqual(ERROR_CURVES.map(() => 101));
  });

  it("put a detection on nothing down to BG", async () => {
    const { Oth, BG, FN } = await areas([truth(at(0))], [found(at(50), 0.95), found(at(0), 0.9)]);
    expect([Oth, BG, FN]).toEqual([0.5, 1, 1].map((v) => expect.closeTo(v, 12)));
  });

  it("put a confused class down to Sim within a family, to Oth beyond it", async () => {
    const like = await areas([truth(at(0)), truth(at(50), 1)], [found(at(50), 0.95), found(at(0), 0.9)]);
    expect([like.Loc, like.Sim, like.Oth]).toEqual([0.5, 1, 1].map((v) => expect.closeTo(v, 12)));
    const unlike = await areas([truth(at(0)), truth(at(50), 2)], [found(at(50), 0.95), found(at(0), 0.9)]);
    expect([unlike.Loc, unlike.Sim, unlike.Oth]).toEqual([0.5, 0.5, 1].map((v) => expect.closeTo(v, 12)));
  });

  it("put a displaced box down to C50 or Loc, and an object not found to FN", async () => {
    const near = await areas([truth([0, 0, 100, 10])], [found([0, 0, 60, 10], 0.9)]);
    expect([near.C75, near.C50]).toEqual([0, expect.closeTo(1, 12)]);
    const far = await areas([truth([0, 0, 100, 10])], [found([0, 0, 30, 10], 0.9)]);
    expect([far.C50, far.Loc]).toEqual([0, expect.closeTo(1, 12)]);
    const missed = await areas([truth(at(0)), truth(at(50))], [found(at(0), 0.9)]);
    expect([missed.BG, missed.FN]).toEqual([51 / 101, 1].map((v) => expect.closeTo(v, 12)));
  });

  it("leave classes without objects out, and average families", async () => {
    const images = [{ truths: [truth(at(0)), truth(at(50), 2)], detections: [found(at(0), 0.9), found(at(20), 0.8, 1)] }];
    const { perClass, overall, families } = await errorAnalysis(images, { supercategories: ["round", "round", "square"] });
    expect(perClass[1]).toBeUndefined();
    expect(overall.areas[1]).toBeCloseTo(0.5, 12);
    expect([families.get("round")!.areas[1], families.get("square")!.areas[1]]).toEqual([expect.closeTo(1, 12), 0]);
  });
});

/** Numbers of an evaluation written apart from this one, in Python, after CocoEval.m and tidecv; TIDE's at COCO's recalls, equal scores in order. */
const INDEPENDENT: Record<string, { curves: number[]; ap50: number; tide: Record<TideError, [number, number]>; sums: [number, number] }> = {
  mini: {
    curves: [0.8256611375, 0.9358935894, 0.9459945995, 0.9459945995, 0.9459945995, 0.9459945995, 1],
    ap50: 0.8579024569,
    tide: { Cls: [1, 0.1229956329], Loc: [0, 0], Both: [0, 0], Dupe: [1, 0.0010084342], Bkg: [0, 0], Miss: [2, 0.0163182985] },
    sums: [0.0010084342, 0.0575724239],
  },
  "bccd-val-synth": {
    curves: [0.1653838552, 0.4051344614, 0.5868303904, 0.7287679436, 0.7287679436, 0.8877887789, 1],
    ap50: 0.4051860276,
    tide: {
      Cls: [61, 0.0559600444],
      Loc: [456, 0.1701696084],
      Both: [499, 0.0627821372],
      Dupe: [72, 0.0080137379],
      Bkg: [334, 0.0198536932],
      Miss: [106, 0.0421227011],
    },
    sums: [0.3406885598, 0.1364720099],
  },
  "val2014-fakebbox100": {
    curves: [0.572981667, 0.6969727247, 0.7003620052, 0.7130542439, 0.774115983, 0.774115983, 1],
    ap50: 0.6419485623,
    tide: { Cls: [83, 0.2225989451], Loc: [1, 0.0023015459], Both: [0, 0], Dupe: [1, 0.0001897297], Bkg: [0, 0], Miss: [97, 0.0853608476] },
    sums: [0.068186925, 0.1769786363],
  },
};

describe.skipIf(!hasShared).each(Object.entries(INDEPENDENT))("shared case %s", (name, expected) => {
  it("has the areas of an independent analysis, each curve above the one before", async () => {
    const { images, supercategories } = cocoCase(name);
    const { overall, perClass } = await errorAnalysis(images, { supercategories });
    expect(overall.areas).toEqual(expected.curves.map((v) => expect.closeTo(v, 9)));
    for (const one of perClass) {
      for (let c = 1; one && c < ERROR_CURVES.length; c++) {
        expect(one.curves[c].every((p, r) => p >= one.curves[c - 1][r] - 1e-12)).toBe(true);
      }
    }
  });

  it("has TIDE's mistakes of an independent count", async () => {
    const { ap50, errors, falsePositives, falseNegatives } = await tide(cocoCase(name).images);
    expect(ap50).toBeCloseTo(expected.ap50, 9);
    for (const kind of TIDE_ERRORS) {
      expect(errors[kind].count, kind).toBe(expected.tide[kind][0]);
      expect(errors[kind].gain, kind).toBeCloseTo(expected.tide[kind][1], 9);
    }
    expect([falsePositives, falseNegatives]).toEqual(expected.sums.map((v) => expect.closeTo(v, 9)));
  });
});

describe("TIDE", () => {
  const kinds = async (truths: GroundTruth[], detections: Detection[]) => {
    const { errors } = await tide([{ truths, detections }]);
    return Object.fromEntries(TIDE_ERRORS.flatMap((kind) => (errors[kind].count ? [[kind, errors[kind].count]] : [])));
  };
  const wide: Box = [0, 0, 100, 10];
  const third: Box = [0, 0, 30, 10];

  it("names each kind of mistake", async () => {
    const object = [truth(wide)];
    expect(await kinds(object, [found(wide, 0.9), found(wide, 0.8)])).toEqual({ Dupe: 1 });
    expect(await kinds(object, [found(wide, 0.9, 1)])).toEqual({ Cls: 1 });
    expect(await kinds(object, [found(third, 0.9)])).toEqual({ Loc: 1 });
    expect(await kinds(object, [found(third, 0.9, 1)])).toEqual({ Both: 1, Miss: 1 });
    expect(await kinds(object, [found(at(300), 0.9)])).toEqual({ Bkg: 1, Miss: 1 });
    expect(await kinds([], [found(at(300), 0.9)])).toEqual({ Bkg: 1 });
    expect(await kinds(object, [])).toEqual({ Miss: 1 });
  });

  it("puts only the best-scored mistake on an object right, and takes the others out", async () => {
    const { ap50, errors } = await tide([{ truths: [truth(wide)], detections: [found(third, 0.9), found(third, 0.8)] }]);
    expect([ap50, errors.Loc]).toEqual([0, { count: 2, gain: expect.closeTo(1, 12) }]);
  });

  it("does not hold what lies in crowds and on difficult objects against a detector", async () => {
    const region = truth([200, 0, 300, 100], 0, { crowd: true });
    expect(await kinds([truth(wide), region], [found(wide, 0.9), found(at(220), 0.8)])).toEqual({});
    expect(await kinds([truth(wide), truth(at(220), 0, { difficult: true })], [found(wide, 0.9), found(at(220), 0.8)])).toEqual({});
  });
});
