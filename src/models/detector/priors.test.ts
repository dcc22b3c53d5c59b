/** Where priors lie, the centres of anchors among them, and in which order. */
import { expect, test } from "vitest";
import { asBoxes } from "./assign";
import { DETECTORS, priorCounts, smallDetector } from "./config";
import { priors } from "./priors";

const large = (kind: (typeof DETECTORS)[number]) => ({ ...smallDetector(kind, "student", 3), anchor: 8 });
const size = ([x1, y1, x2, y2]: readonly number[]) => [x2 - x1, y2 - y1];

test("RetinaNet's square anchors at stride 8 have the sides 32, 40.317 and 50.797", () => {
  const cell = asBoxes(priors(large("retinanet"))[0])
    .slice(0, 9)
    .map(size);
  expect(cell.slice(3, 6).map(([w]) => w)).toEqual([32, expect.closeTo(40.317, 3), expect.closeTo(50.797, 3)]);
});

test("RetinaNet's anchors go by ratio of height to width, then by size, with the area of the square ones", () => {
  const cell = asBoxes(priors(large("retinanet"))[0])
    .slice(0, 9)
    .map(size);
  expect(cell.map(([w, h]) => Number((h / w).toFixed(5)))).toEqual([0.5, 0.5, 0.5, 1, 1, 1, 2, 2, 2]);
  for (const [i, [w, h]] of cell.entries()) expect(w * h).toBeCloseTo((32 * 2 ** ((i % 3) / 3)) ** 2, 1);
});

test.each([
  ["retinanet", 0, 0],
  ["atss", 0, 0],
  ["gfl", 0, 0],
  ["fcos", 8, 8],
] as const)("%s: the first prior of stride 16 lies at (%d, %d), the next to its right, the next row below", (kind, x, y) => {
  const level = asBoxes(priors(large(kind))[1]);
  const each = kind === "retinanet" ? 9 : 1;
  const centre = (cell: number) => {
    const [x1, y1, x2, y2] = level[each * cell];
    return [(x1 + x2) / 2, (y1 + y2) / 2].map((v) => Number(v.toFixed(4)));
  };
  expect([centre(0), centre(1), centre(8)]).toEqual([
    [x, y],
    [x + 16, y],
    [x, y + 16],
  ]);
});

test("small images have ATSS anchors of four strides, RetinaNet's from two strides on", () => {
  const first = (kind: (typeof DETECTORS)[number]) =>
    size(asBoxes(priors(smallDetector(kind, "student", 3))[0])[kind === "retinanet" ? 3 : 0]);
  expect([first("atss"), first("gfl"), first("retinanet")]).toEqual([
    [32, 32],
    [32, 32],
    [16, 16],
  ]);
});

test.each(DETECTORS)("%s has as many priors as outputs", (kind) => {
  const config = { ...smallDetector(kind, "student", 3, 64), levels: 5 };
  expect(priors(config).map((level) => level.length / 4)).toEqual(priorCounts(config));
});
