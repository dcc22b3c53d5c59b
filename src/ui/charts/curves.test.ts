/** Charts draw whatever a run reports, also what no method reported before. */
import { expect, test } from "vitest";
import type { Point } from "../state/history";
import { PAGES } from "../tasks";
import { CLASSIFICATION_PAGE } from "../tasks/classification/page";
import { DETECTION_PAGE } from "../tasks/detection/page";
import { chartsOf, curvesOf, type LossView, lossCharts, runColour } from "./curves";
import { placed } from "./marks";

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

test("the loss is drawn as its terms are added where they have weights, else as measured; each term apart on demand", () => {
  const titles = (view: LossView, weighted = true) =>
    lossCharts(view, ["ce", "kd"], looks, weighted).map(({ title, added, log }) => [title, added, log]);
  expect(titles("added")).toEqual([["Loss terms, weighted", true, undefined]]);
  expect(titles("added", false)).toEqual([["Loss", undefined, false]]);
  expect(titles("log")).toEqual([["Loss", undefined, true]]);
  expect(titles("apart").map(([title]) => title)).toEqual(["cross-entropy, labels", "distillation, teacher"]);
});

test("no curve has the colour of a run", () => {
  const runs = Array.from({ length: 6 }, (_, i) => runColour(i));
  for (const { curves } of Object.values(PAGES))
    for (const { colour, label } of Object.values(curves)) expect(runs, label).not.toContain(colour);
});

test("words of events share a step, stand below each other where they are close, and are left out where there is no room", () => {
  const marks = [0, 0, 1, 2, 3, 4, 95].map((step, i) => ({ step, text: `weight ${i}` }));
  const all = placed(marks, [0, 100]);
  expect(all.map(({ step, line }) => [step, line])).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
    [4, undefined],
    [95, 0],
  ]);
  expect(all[0].text).toBe("weight 0, weight 1");
  expect(all.at(-1)).toMatchObject({ right: true });
  expect(placed(marks, [90, 100]).map(({ step }) => step)).toEqual([95]);
});
