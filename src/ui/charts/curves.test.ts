/** Charts draw whatever a run reports, also what no method reported before. */
import { expect, test } from "vitest";
import type { Point } from "../state/history";
import { CLASSIFICATION_PAGE } from "../tasks/classification/page";
import { DETECTION_PAGE } from "../tasks/detection/page";
import { chartsOf, curvesOf } from "./curves";

const point = (losses: Record<string, number>, figures: Record<string, number> = {}): Point => ({
  step: 1,
  losses,
  rates: {},
  smooth: {},
  figures,
  scores: {},
});
const { curves: looks } = CLASSIFICATION_PAGE;
const kind = (id: string) => chartsOf(CLASSIFICATION_PAGE).find((chart) => chart.id === id)!;

test("known losses keep their looks, unknown ones get looks of their own", () => {
  const curves = curvesOf(kind("loss"), point({ ce: 1, wavelets: 2, prompts: 3 }), looks);
  expect(curves.map(({ label }) => label)).toEqual(["cross-entropy, labels", "wavelets", "prompts"]);
  expect(new Set(curves.map(({ colour, dash }) => `${colour} ${dash}`)).size).toBe(3);
});

test("a chart of some figures shows those that are there", () => {
  expect(curvesOf(kind("time"), point({}, { imagesPerSecond: 9, teacherMs: 3 }), looks).map(({ name }) => name)).toEqual(["teacherMs"]);
  expect(curvesOf(kind("memory"), undefined, looks)).toEqual([]);
});

test("a task brings charts of its own, between those that every run has", () => {
  const ids = (page: Parameters<typeof chartsOf>[0]) => chartsOf(page).map(({ id }) => id);
  expect(ids(CLASSIFICATION_PAGE)).toEqual(["loss", "rate", "speed", "time", "macs", "memory"]);
  expect(ids(DETECTION_PAGE)).toEqual(["loss", "score", "pulls", "speed", "time", "macs", "memory"]);
});
