/** Whose errors stand beside whose, and what the bands are: from made-up curves that can be worked out by hand. */
import { expect, test } from "vitest";
import { ERROR_CURVES, type ErrorAnalysis, type ErrorCurves } from "../../../metrics/errors";
import { TIDE_ERRORS } from "../../../metrics/tide";
import { SCHEMA } from "../../../tasks";
import type { Run } from "../../state/runs";
import type { State } from "../../state/store";
import { patternOf } from "./bands";
import { BANDS, besideOf, costsOf, curvesFor, familiesOf, heightsOf, type Subject, subjectsOf } from "./errorCosts";
import { errorFile } from "./errorFile";

/** Seven curves over two recalls: precisions 0.1, 0.2, ... at recall 0 and `low` times that at recall 1; FN is 1. */
function curves(low = 0.5): ErrorCurves {
  const all = ERROR_CURVES.map((name, i) => Float64Array.of(...(name === "FN" ? [1, 1] : [0.1 * (i + 1), 0.1 * low * (i + 1)])));
  return { curves: all, areas: all.map(([a, b]) => (a + b) / 2) };
}

const COSTS = Object.fromEntries(TIDE_ERRORS.map((kind) => [kind, { count: 1, gain: 0.1 }])) as ErrorAnalysis["tide"];
const analysis = (): ErrorAnalysis => ({ overall: curves(), families: new Map(), perClass: [curves(1), undefined], tide: COSTS });
const DATA = { id: "scenes-detection", name: "Scenes-Detection" };

function run(id: number, more: Partial<Run> = {}): Run {
  return {
    ...{ id, name: `Run ${id}`, colour: 0, shown: true, settings: { ...SCHEMA.defaults("mkd"), seed: id }, changes: [], dataset: DATA },
    ...{ step: 500, total: 500, points: [], evaluations: [{ step: 500, scores: { map: 0.3 }, count: 200 }], sums: {} },
    ...{ errors: { student: analysis(), images: 200 }, ...more },
  };
}

/** A state in which this run has just ended and been measured, with its teacher. */
function ended({ settings, step, evaluations, total }: Run, more: Partial<State>): State {
  const history = { points: [], evaluations, total, sums: {}, moments: () => [] };
  const errors = { step, images: 200, classes: ["disc", "ring"], student: analysis(), teacher: analysis() };
  return { active: settings, history, step, changes: [], dataset: DATA, teacher: "GFL", errors, runs: [], ...more } as unknown as State;
}

test("a band is what a curve adds to the one before, and all of them make one", () => {
  const costs = costsOf(curves());
  expect(costs.map(({ area }) => area)).toEqual([0.075, 0.15, 0.225, 0.3, 0.375, 0.45, 1].map((v) => expect.closeTo(v, 12)));
  expect(costs.map(({ adds }) => adds)).toEqual([0.075, 0.075, 0.075, 0.075, 0.075, 0.075, 0.55].map((v) => expect.closeTo(v, 12)));
  const [first, last] = heightsOf(curves());
  expect([first.recall, last.recall, first.C50, last.C50]).toEqual([0, 1, 0.1, 0.05].map((v) => expect.closeTo(v, 12)));
  expect(BANDS.reduce((sum, { name }) => sum + last[name], 0)).toBeCloseTo(1, 12);
});

test("a class has its own curves, and none where there is nothing of it", () => {
  expect(curvesFor(analysis(), undefined)?.areas[0]).toBeCloseTo(0.075, 12);
  expect(curvesFor(analysis(), 0)?.areas[0]).toBeCloseTo(0.1, 12);
  expect(curvesFor(analysis(), 1)).toBeUndefined();
});

test("supercategories have theirs, and are offered where there are several with something to find", () => {
  const none = { curves: [], areas: ERROR_CURVES.map(() => Number.NaN) };
  const of = (...families: [string, ErrorCurves][]): Subject => {
    return { id: "student", title: "", note: "", analysis: { ...analysis(), families: new Map(families) } };
  };
  const both = of(["round", curves(1)], ["angular", curves()], ["absent", none]);
  expect(curvesFor(both.analysis, "round")?.areas[0]).toBeCloseTo(0.1, 12);
  expect(curvesFor(both.analysis, "absent")).toBeUndefined();
  expect(familiesOf([both])).toEqual(["round", "angular"]);
  expect(familiesOf([both, of(["round", curves()])])).toEqual(["round"]);
  expect(familiesOf([of(["round", curves()])])).toEqual([]);
  expect(familiesOf([])).toEqual([]);
});

test("beside student and teacher stands the baseline, else the newest student alone, of those measured on the same images", () => {
  const now = run(9, { teacher: "GFL" });
  const [first, second] = [run(1), run(2)];
  const distilled = run(3, { teacher: "GFL" });
  const runs = [first, second, distilled, run(4, { errors: undefined }), run(5, { dataset: { id: "other", name: "other" } }), now];
  expect(besideOf(ended(now, { runs }))).toBe(second);
  expect(besideOf(ended(now, { runs, baseline: 3 }))).toBe(distilled);
  expect(besideOf(ended(now, { runs, baseline: 4 }))).toBe(second);
  expect(besideOf(ended(now, { runs: [distilled, now] }))).toBeUndefined();
  expect(subjectsOf(ended(now, { runs, baseline: 1 })).map(({ title, note }) => `${title}: ${note}`)).toEqual([
    "Run 1: student alone, step 500",
    "This student: step 500, 200 held-out images",
    "Teacher: GFL",
  ]);
  expect(subjectsOf(ended(now, { errors: undefined }))).toEqual([]);
});

test("as files curves are numbers, and under the drawing stands which run they are of", () => {
  const now = run(9, { teacher: "GFL" });
  const state = ended(now, { runs: [run(2), now], step: 700 });
  const [baseline, student] = subjectsOf(state).map((subject) => errorFile(subject, undefined, "all classes", state));
  expect([baseline.name, student.name]).toEqual(["errors-baseline-all-classes", "errors-student-all-classes"]);
  expect(baseline.caption).toMatch(/^Run 2, student alone, step 500: .*; no teacher; seed 2; step 500$/);
  // Its errors were measured at step 500, and the run has gone on.
  expect(student.caption).toMatch(/^This student, step 500, 200 held-out images: .* Run 9; .*; teacher GFL; seed 9; step 500$/);
  expect(student.about).toContain("seed=9");
  expect(student.looks.map(({ fill }) => fill)).toEqual(ERROR_CURVES.map(patternOf));
  const [head, first, last] = student.csv().split("\n");
  expect(head).toBe("recall,C75,C50,Loc,Sim,Oth,BG,FN");
  expect([first, last].map((row) => row.split(",").map(Number))).toEqual([
    [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1].map((v) => expect.closeTo(v, 12)),
    [1, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 1].map((v) => expect.closeTo(v, 12)),
  ]);
  expect(JSON.parse(student.json()).tide).toEqual(COSTS);
  const disc = errorFile(subjectsOf(state)[1], 0, "disc/round", state);
  expect(JSON.parse(disc.json())).not.toHaveProperty("tide");
  expect([disc.name, JSON.parse(disc.json())]).toMatchObject([
    "errors-student-disc-round",
    { of: "disc/round", curves: { C75: [0.1, 0.1] } },
  ]);
});
