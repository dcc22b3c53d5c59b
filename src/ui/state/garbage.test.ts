/** What lies in the browser's storage is checked when it is read: the page opens and keeps its runs whatever another program left there. */
import { expect, test } from "vitest";
import { openPage, phase, readyPage, started, step } from "./playground.fixture";
import { SAVED_RUNS } from "./savedRuns";

const GARBAGE: [what: string, value: unknown][] = [
  ["nothing", null],
  ["a number", 5],
  ["a word", "runs"],
  ["an object", { a: 1 }],
  ["a list of nothing", [null, 5, "x", {}, []]],
  ["runs of nothing", { runs: [null, 5, {}, { settings: {} }, { settings: null, changes: null }], cases: [null], scores: [null] }],
];

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

test.each(GARBAGE)("%s in the place of all that is kept", async (_, value) => {
  const KEYS = ["kept-runs-1", "kept-run-1-x", SAVED_RUNS, "experiment-1", "experiment-2", "run-3", "data-2", "data-facts-2", "hub-token"];
  const { page } = openPage("", new Map(KEYS.map((key) => [key, structuredClone(value)])));
  await Promise.all([page.open(true), page.savedRuns.load(), page.experiments.load()]);
  await settled();
  const { runs, kept, experiment } = page.store.getState();
  expect([runs, kept, experiment]).toEqual([[], [], undefined]);
  await page.keeper.resume("x");
});

test.each(GARBAGE)("beside %s runs are kept and finished ones stay", async (_, value) => {
  const fake = readyPage();
  for (const key of ["kept-runs-1", SAVED_RUNS]) fake.kept.set(key, structuredClone(value));
  const settings = fake.page.store.getState().wanted;
  fake.say(started(settings), phase("running"), step(1));
  fake.say({ type: "evaluated", step: 1, scores: { top1: 0.5 }, count: 40 }, phase("finished"));
  fake.say({ type: "saved", bytes: new Uint8Array(8), step: 1 });
  await settled();
  expect(fake.kept.get(SAVED_RUNS)).toMatchObject({ runs: [{ evaluations: [{ step: 1 }] }] });
  expect(fake.kept.get("kept-runs-1")).toMatchObject([{ step: 1 }]);
});
