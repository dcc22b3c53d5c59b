/** Charts draw whatever a run reports, also what no method reported before. */
import { expect, test } from "vitest";
import type { Point } from "../state/history";
import { CHARTS, chartsOf, curvesOf } from "./curves";

const point = (losses: Record<string, number>, figures: Record<string, number> = {}): Point => ({
  step: 1,
  losses,
  rates: {},
  smooth: {},
  figures,
  ...{ scores: {}, pulls: {} },
});
const kind = (id: string) => CHARTS.find((chart) => chart.id === id)!;

test("known losses keep their looks, unknown ones get looks of their own", () => {
  const curves = curvesOf(kind("loss"), point({ ce: 1, wavelets: 2, prompts: 3 }));
  expect(curves.map(({ label }) => label)).toEqual(["cross-entropy, labels", "wavelets", "prompts"]);
  expect(new Set(curves.map(({ colour, dash }) => `${colour} ${dash}`)).size).toBe(3);
});

test("a chart of some figures shows those that are there", () => {
  expect(curvesOf(kind("time"), point({}, { imagesPerSecond: 9, teacherMs: 3 })).map(({ name }) => name)).toEqual(["teacherMs"]);
  expect(curvesOf(kind("memory"), undefined)).toEqual([]);
});

test("runs that find objects have charts of their own", () => {
  const ids = (detection: boolean) => chartsOf(detection).map(({ id }) => id);
  expect(ids(true)).toEqual(expect.arrayContaining(["loss", "score", "pulls", "speed"]));
  expect(ids(false)).toEqual(expect.arrayContaining(["loss", "rate", "speed"]));
  expect([ids(true).includes("rate"), ids(false).includes("score")]).toEqual([false, false]);
});
