/** Charts draw whatever a run reports, also what no method reported before. */
import { expect, test } from "vitest";
import { CHARTS, curvesOf } from "./curves";
import type { Point } from "./history";

const point = (losses: Record<string, number>, figures: Record<string, number> = {}): Point => ({
  step: 1,
  losses,
  rates: {},
  smooth: {},
  figures,
});
const kind = (id: string) => CHARTS.find((chart) => chart.id === id)!;

test("known losses keep their looks, unknown ones get looks of their own", () => {
  const curves = curvesOf(kind("loss"), point({ ce: 1, box: 2, centerness: 3 }));
  expect(curves.map(({ label }) => label)).toEqual(["cross-entropy, labels", "box", "centerness"]);
  expect(new Set(curves.map(({ colour, dash }) => `${colour} ${dash}`)).size).toBe(3);
});

test("a chart of some figures shows those that are there", () => {
  expect(curvesOf(kind("time"), point({}, { imagesPerSecond: 9, teacherMs: 3 })).map(({ name }) => name)).toEqual(["teacherMs"]);
  expect(curvesOf(kind("memory"), undefined)).toEqual([]);
});
