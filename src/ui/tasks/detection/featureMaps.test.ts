/** Views of methods with regions, with fewer of them and without are taken apart alike; looks stay few. */
import { expect, test } from "vitest";
import { at, History, LEAST_SCORE } from "../../state/history";
import { bordersOf, levelsOf, type Maps, nearest, planeOf, regionsAt, sidesOf } from "./featureMaps";
import { picturesOf } from "./pictures";

const counting = (...shape: number[]) => ({ shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i) });

const SAMKD: Maps = {
  "attention.0.1": counting(2, 4, 4),
  "attention.0.2": counting(2, 4, 4),
  "mask.0.1": counting(2, 4, 4),
  "mask.0.2": counting(2, 4, 4),
  "channelAttention.0": counting(2, 5, 3),
  "difference.0": counting(2, 5),
  "teacher.0": counting(2, 4, 4),
  "teacher.1": counting(2, 2, 2),
};

test("levels and sides are read from the names; without masks from the number of regions", () => {
  expect(levelsOf(SAMKD)).toEqual([0, 1]);
  expect([sidesOf(SAMKD, 0), sidesOf(SAMKD, 1)]).toEqual([[1, 2], []]);
  expect(sidesOf({ "difference.0": counting(1, 21) }, 0)).toEqual([1, 2, 4]);
  expect(sidesOf({ "difference.0": counting(1, 20) }, 0)).toEqual([2, 4]);
  expect(sidesOf({ "mask.0": counting(1, 4, 4) }, 0)).toEqual([]);
});

test("a focus that is not there goes to what is", () => {
  expect(nearest({ image: 9, level: 7, side: 4, cell: 15 }, SAMKD, 2)).toEqual({ image: 1, level: 0, side: 1, cell: 0 });
  expect(nearest({ image: 0, level: 0, side: 2, cell: 3 }, SAMKD, 2)).toEqual({ image: 0, level: 0, side: 2, cell: 3 });
});

test("an image's map and a level's regions are cut out", () => {
  expect(planeOf(SAMKD["teacher.1"], 1)).toEqual({ height: 2, width: 2, values: Float32Array.of(4, 5, 6, 7) });
  expect(regionsAt(SAMKD["difference.0"], 1, [1, 2], 2)).toEqual([6, 7, 8, 9].map((v) => Float32Array.of(v)));
  expect(regionsAt(SAMKD["channelAttention.0"], 0, [1, 2], 2)[3]).toEqual(Float32Array.of(12, 13, 14));
  // FGD's channels have no regions.
  expect(regionsAt(counting(2, 3), 1, [], 1)).toEqual([Float32Array.of(3, 4, 5)]);
  expect(bordersOf(2, 5)).toEqual([0.4]);
});

test("pictures are those of the level and the pyramid level, in the method's order", () => {
  const ids = (maps: Maps, level: number, side: number) => picturesOf(maps, { image: 0, level, side, cell: 0 }).map(({ id }) => id);
  expect(ids(SAMKD, 0, 2)).toEqual(["attention.0.2", "mask.0.2", "teacher.0"]);
  expect(ids(SAMKD, 1, 1)).toEqual(["teacher.1"]);
  expect(ids({ "frequency.0.1": counting(1, 2, 2), "frequency.0.2": counting(1, 1, 1), visible: counting(1, 2, 2) }, 0, 1)).toEqual([
    "visible",
    "frequency.0.1",
    "frequency.0.2",
  ]);
});

test("what has to do with the input comes first, and the error says how it is where hidden and elsewhere", () => {
  const maps: Maps = {
    "error.0": { shape: [1, 2, 2], data: Float32Array.of(1, 2, 3, 6) },
    "visible.0": { shape: [1, 2, 2], data: Float32Array.of(1, 1, 1, 0) },
    "visible.input": { shape: [1, 1, 1], data: Float32Array.of(1) },
    "visible.1": { shape: [1, 1, 1], data: Float32Array.of(1) },
  };
  expect(levelsOf(maps)).toEqual([0, 1]);
  const pictures = picturesOf(maps, { image: 0, level: 0, side: 1, cell: 0 });
  expect(pictures.map(({ id }) => id)).toEqual(["visible.input", "visible.0", "error.0"]);
  expect(pictures[2].note).toBe("mean 6 where hidden, 2 elsewhere");
});

test("of many looks few keep maps, spread over the run", () => {
  const history = new History(1000);
  const box = [0, 0, 1, 1] as const;
  const student = [[0.9, LEAST_SCORE / 2].map((score) => ({ category: 0, score, box }))];
  for (let step = 0; step < 1000; step++) history.addBoxLook({ step, student, maps: {} });
  expect([history.boxLooks.length, history.maps.length]).toEqual([200, 40]);
  expect(history.boxLooks[7].student[0]).toHaveLength(1);
  expect(Math.abs(Number(at(history.maps, 500)?.step) - 500)).toBeLessThan(50);
  expect(at(history.maps, undefined)?.step).toBe(999);
});

test("what was measured beside the steps belongs to the newest point and those after it", () => {
  const history = new History(10);
  const push = (step: number) => history.push({ step, losses: {}, rates: {}, lr: 1, ms: 1, imagesPerSecond: 1 });
  push(1);
  push(2);
  history.measured("scores", { map: 0.25 });
  push(3);
  expect(history.points.map(({ scores }) => scores.map)).toEqual([undefined, 0.25, 0.25]);
});
