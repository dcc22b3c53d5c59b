/** What each prior is to answer: by hand-computed cases and by what must hold for any boxes. */
import { describe, expect, test } from "vitest";
import { uniform } from "../../engine/random";
import { area, type Box, type GroundTruth, iou } from "../../geometry/boxes";
import { asBoxes, assigner, candidates, centerness, type ImageTargets } from "./assign";
import { DETECTORS, type DetectorConfig, smallDetector, strides } from "./config";
import { priors } from "./priors";

const small = (kind: DetectorConfig["kind"]) => smallDetector(kind, "student", 3);
const object = (box: Box, category = 1): GroundTruth => ({ category, box });

interface Positive {
  level: number;
  prior: Box;
  label: number;
  box: number[];
  weight: number;
}

function positives(config: DetectorConfig, { levels }: ImageTargets): Positive[] {
  const all = priors(config).map(asBoxes);
  return levels.flatMap(({ labels, boxes, weights }, level) =>
    [...labels].flatMap((label, i) =>
      label < config.classes
        ? [{ level, prior: all[level][i], label, box: [...boxes.subarray(4 * i, 4 * i + 4)], weight: weights[i] }]
        : [],
    ),
  );
}

const centres = (found: Positive[]) => found.map(({ prior: [x1, y1, x2, y2] }) => [(x1 + x2) / 2, (y1 + y2) / 2]);

test("centerness", () => {
  expect(centerness([1, 2, 3, 2])).toBeCloseTo(0.57735, 5);
  expect(centerness([4, 4, 4, 4])).toBe(1);
  expect(centerness([0.5, 1, 99.5, 1])).toBeCloseTo(Math.sqrt(0.5 / 99.5), 12);
});

describe.each(DETECTORS)("%s", (kind) => {
  const config = small(kind);
  const assign = assigner(config);

  test("without objects everything is background", () => {
    const { levels, positives: count, weight } = assign([]);
    expect(levels.flatMap(({ labels }) => [...labels]).every((label) => label === 3)).toBe(true);
    expect(levels.flatMap(({ boxes }) => [...boxes]).every((v) => v === 0)).toBe(true);
    expect([count, weight]).toEqual([0, 0]);
  });

  test("crowds, difficult objects and boxes without area teach nothing", () => {
    const box: Box = [20, 20, 60, 60];
    const nothing: GroundTruth[] = [{ ...object(box), crowd: true }, { ...object(box), difficult: true }, object([5, 5, 5, 60])];
    expect(assign(nothing)).toEqual(assign([]));
    expect(assign([...nothing, object(box)])).toEqual(assign([object(box)]));
  });

  test("what would learn a hidden object is ignored, unless it learns another; the rest stays as it was", () => {
    const [box, apart]: Box[] = [
      [20, 20, 60, 60],
      [70, 60, 120, 120],
    ];
    const labels = (truths: GroundTruth[]) => assign(truths).levels.flatMap(({ labels }) => [...labels]);
    const [alone, other] = [labels([object(box, 0)]), labels([object(apart, 2)])];
    const found = labels([{ ...object(box, 0), hidden: true }, object(apart, 2)]);
    expect(alone.filter((label) => label === 0).length).toBeGreaterThan(0);
    expect(found).toEqual(alone.map((label, i) => (other[i] === 3 && label !== 3 ? 4 : other[i])));
    const twice = assign([object(box), { ...object(box), hidden: true }]);
    expect(twice).toEqual(assign([object(box)]));
    expect(assign([{ ...object(box), hidden: true }])).toMatchObject({ positives: 0, weight: 0, objects: 0, missed: 0 });
  });

  test("a class that is none is an error", () => {
    expect(() => assign([object([0, 0, 9, 9], 3)])).toThrow("assign: class 3 is not one of 3");
  });

  test("a positive has the class and box of an object; counts and weights add up", () => {
    for (let seed = 0; seed < 20; seed++) {
      const truths = randomObjects(seed, 6);
      const targets = assign(truths);
      const found = positives(config, targets);
      for (const { label, box } of found) expect(truths.some((t) => t.category === label && String(t.box) === String(box))).toBe(true);
      expect(targets.positives).toBe(found.length);
      expect(targets.weight).toBeCloseTo(
        found.reduce((sum, { weight }) => sum + weight, 0),
        5,
      );
      if (kind === "retinanet" || kind === "gfl") expect(targets.weight).toBe(targets.positives);
    }
  });
});

/** Boxes with corners exact in float32. */
function randomObjects(seed: number, count: number): GroundTruth[] {
  return Array.from({ length: count }, (_, i) => {
    const draw = (k: number, most: number) => Math.floor(uniform(seed, i, 0, k) * most);
    const [x, y, width, height] = [draw(0, 100), draw(1, 100), 4 + draw(2, 80), 4 + draw(3, 80)];
    return object([x, y, Math.min(128, x + width), Math.min(128, y + height)], draw(4, 3));
  });
}

describe("RetinaNet", () => {
  const config = small("retinanet");
  const assign = assigner(config);

  test("positive from .5, background below .4, ignored between, the best anchor always", () => {
    const flat = priors(config).flatMap(asBoxes);
    for (let seed = 0; seed < 8; seed++) {
      const truths = randomObjects(seed, 3);
      const overlaps = truths.map(({ box }) => flat.map((prior) => iou(prior, box)));
      const best = overlaps.map((row) => Math.max(...row));
      const expected = flat.map((_, i) => {
        const here = overlaps.map((row) => row[i]);
        const most = Math.max(...here);
        const forced = here.findLastIndex((v, g) => v === best[g]);
        if (forced >= 0 || most >= 0.5) return truths[forced >= 0 ? forced : here.indexOf(most)].category;
        return most < 0.4 ? 3 : 4;
      });
      expect(assign(truths).levels.flatMap(({ labels }) => [...labels])).toEqual(expected);
    }
  });

  test("an anchor that is the box, and its neighbours at IoU .6 (not .391), learn it", () => {
    const found = positives({ ...config, anchor: 8 }, assigner({ ...config, anchor: 8 })([object([16, 16, 48, 48])]));
    const squares = found.filter(({ prior: [x1, , x2] }) => x2 - x1 === 32);
    expect(centres(squares)).toEqual([
      [32, 24],
      [24, 32],
      [32, 32],
      [40, 32],
      [32, 40],
    ]);
  });

  test("a box too small for any anchor is assigned to the anchors it overlaps most", () => {
    const found = positives(config, assign([object([61, 61, 63, 63])]));
    expect(found.length).toBeGreaterThan(0);
    for (const { level, prior } of found) expect([level, area(prior)]).toEqual([0, expect.closeTo(256, 2)]);
  });
});

describe("FCOS", () => {
  const config = small("fcos");
  const assign = assigner(config);

  test("points strictly inside, on the level whose range holds the farthest side", () => {
    const found = positives(config, assign([object([20, 20, 44, 36], 2)]));
    const inside = [20, 28, 36, 44].filter((v) => v > 20 && v < 44);
    expect(centres(found)).toEqual(inside.map((x) => [x, 28]));
    expect(found.map(({ weight }) => weight)).toEqual([28, 36].map((x) => expect.closeTo(centerness([x - 20, 8, 44 - x, 8]), 6)));
    expect(new Set(found.map(({ level }) => level))).toEqual(new Set([0]));
  });

  test("ranges end at 32 and 64 pixels; large images with anchor 8 at 64, 128, ...", () => {
    const levelsOf = (c: DetectorConfig, side: number) =>
      new Set(positives(c, assigner(c)([object([0, 0, side, side])])).map(({ level }) => level));
    expect(levelsOf(config, 30)).toEqual(new Set([0]));
    expect(levelsOf(config, 50)).toEqual(new Set([0, 1]));
    expect(levelsOf(config, 128)).toEqual(new Set([2]));
    expect(levelsOf({ ...config, anchor: 8 }, 60)).toEqual(new Set([0]));
    expect(levelsOf({ ...config, anchor: 8, image: 512, levels: 5 }, 512)).toEqual(new Set([3]));
  });

  test("of nested boxes the smaller wins", () => {
    const [outer, inner] = [object([0, 0, 60, 60], 0), object([10, 10, 40, 40], 2)];
    for (const truths of [
      [outer, inner],
      [inner, outer],
    ]) {
      const found = positives(config, assign(truths)).filter(({ prior: [x, y] }) => x > 10 && x < 40 && y > 10 && y < 40);
      const fits = found.filter(({ level }) => level === 0);
      expect(new Set(fits.map(({ label }) => label))).toEqual(new Set([2]));
    }
  });
});

describe("ATSS", () => {
  const config = small("atss");
  const assign = assigner(config);

  test("mean .28806 and deviation .23286 of 27 candidates: positive are IoU 1 and .6, not .391", () => {
    const found = positives(config, assign([object([16, 16, 48, 48])]));
    expect(new Set(found.map(({ level }) => level))).toEqual(new Set([0]));
    expect(centres(found)).toEqual([
      [32, 24],
      [24, 32],
      [32, 32],
      [40, 32],
      [32, 40],
    ]);
    expect(found.map(({ weight }) => weight)).toEqual([8, 8, 0, 8, 8].map((d) => expect.closeTo(Math.sqrt((16 - d) / (16 + d)), 6)));
  });

  test("a box has nine candidates per level, or as many as the level has cells", () => {
    const levels = priors({ ...config, image: 64 }).map(asBoxes);
    for (const box of randomObjects(3, 10).map((t) => t.box)) {
      const found = candidates(levels, box);
      expect(found).toHaveLength(9 + 9 + 4);
      expect(new Set(found.map(({ index }) => index)).size).toBe(found.length);
    }
  });

  test("a box has at most nine positives per level, whose centres it contains; an anchor takes the box it overlaps most", () => {
    for (let seed = 0; seed < 20; seed++) {
      const truths = randomObjects(seed, 5);
      const found = positives(config, assign(truths));
      expect(found.length).toBeLessThanOrEqual(9 * strides(config).length * truths.length);
      for (const [i, { prior, box }] of found.entries()) {
        const [x, y] = centres(found)[i];
        expect(x > box[0] && x < box[2] && y > box[1] && y < box[3]).toBe(true);
        expect(iou(prior, box as unknown as Box)).toBeGreaterThan(0);
      }
    }
  });

  test("of two boxes that both want an anchor the better overlap gets it, whatever their order", () => {
    const [exact, near] = [object([16, 16, 48, 48], 0), object([18, 16, 50, 48], 2)];
    for (const truths of [
      [exact, near],
      [near, exact],
    ]) {
      const shared = positives(config, assign(truths)).find(({ prior }) => String(prior) === "16,16,48,48");
      expect(shared?.label).toBe(0);
    }
  });

  test("GFL assigns as ATSS does, with weights of 1", () => {
    const truths = randomObjects(1, 5);
    const [gfl, atss] = [assigner(small("gfl"))(truths), assign(truths)];
    expect(gfl.levels.map(({ labels }) => labels)).toEqual(atss.levels.map(({ labels }) => labels));
    expect(gfl.levels.map(({ boxes }) => boxes)).toEqual(atss.levels.map(({ boxes }) => boxes));
    expect(gfl.levels.every(({ weights }) => weights.every((v) => v === 1))).toBe(true);
  });
});
