/** Two runs side by side: which ones, at which step, and what is said where one of them is not there. */
import { expect, test } from "vitest";
import type { Settings } from "../../settings/run";
import type { Event } from "../../worker/protocol";
import { keptMap, shownOf, timesMap } from "../tasks/compared";
import type { Experiment } from "./experiments";
import { pairOf, sharedStep } from "./pair";
import { type FakePage, phase, readyPage, started, step } from "./playground.fixture";

const ASKED: Omit<Experiment, "scores"> = {
  ...{ title: "More patches help", paper: "2 against 1", claimed: 1, seeds: 2 },
  cases: ["steps=4&evaluate=2&keep=1", "steps=4&evaluate=2&keep=0.5"],
};

const APART = { ...ASKED, apart: "There is no memory for both." };

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

/** A picture's data as the monitor shows them. */
function lookOf({ keep }: Settings, at: number): Event {
  const snapshot = {
    ...{ step: at, student: [1], teacher: [0], heads: 1, grid: [2, 2] },
    ...{ attention: Float32Array.of(0.1, 0.2, 0.3, 0.4), kept: keep === 1 ? undefined : Uint32Array.of(2, 3) },
  };
  return { type: "view", task: "classification", view: { name: "snapshot", value: snapshot, step: at, keep: 20 } };
}

const GALLERY: Event = {
  ...{ type: "view", task: "classification" },
  view: {
    name: "gallery",
    value: { side: 4, channels: 3, grid: [2, 2], classes: ["a", "b"], images: new Uint8Array(48), labels: [1] },
  },
};

const look = ({ page, say }: FakePage, at: number) => say(lookOf(page.store.getState().wanted, at));
const begin = ({ page, say }: FakePage) => say(GALLERY, started(page.store.getState().wanted), phase("running"));
const beside = (...events: Event[]) => events.map((event): Event => ({ type: "beside", event }));
const tested = (at: number, top1: number): Event => ({ type: "evaluated", step: at, scores: { top1 }, count: 40 });

/** The worker's part of a run, with pictures at some steps between its tests. */
function carryOut(page: FakePage, last = 4): void {
  begin(page);
  look(page, 0);
  for (let at = 1; at <= last; at++) {
    page.say(step(at));
    if (at % 2 === 0) page.say(tested(at, at / 10));
    look(page, at);
  }
  if (last === 4) page.say(phase("finished"));
}

const now = ({ page }: FakePage) => pairOf(page.store.getState());

test("an experiment's runs stand side by side while they go step for step, at the step of their last pictures, and after it", async () => {
  const page = readyPage();
  page.page.experiments.start(ASKED);
  await settled();
  const other = { ...page.page.store.getState().wanted, keep: 0.5 };
  page.say(...beside(GALLERY));
  expect(now(page)?.sides.map(({ run }) => run?.step)).toEqual([undefined, undefined]);
  begin(page);
  look(page, 0);
  page.say(...beside(GALLERY, started(other), lookOf(other, 0)));
  for (const at of [1, 2, 3]) page.say(step(at), ...beside(step(at)));
  page.say(tested(2, 0.2), ...beside(tested(2, 0.3)));
  look(page, 2);
  page.say(...beside(lookOf(other, 2)));
  look(page, 3);
  expect(sharedStep(now(page)!.sides)).toBe(2);
  page.say(...beside(lookOf(other, 3)));
  const during = now(page)!;
  expect(during).toMatchObject({ asked: true, seed: 1, sides: [{ words: "keep=1" }, { words: "keep=0.5" }] });
  expect(during.sides.map(({ run }) => [run?.settings.keep, run?.evaluations.at(-1)?.scores.top1])).toEqual([
    [1, 0.2],
    [0.5, 0.3],
  ]);
  expect(during.sides[1].run?.points.map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(sharedStep(during.sides)).toBe(3);
  page.say(step(4), ...beside(step(4)), tested(4, 0.4), ...beside(tested(4, 0.6)));
  look(page, 4);
  page.say(...beside(lookOf(other, 4)), phase("finished"));
  await settled();
  const { runs, experiment } = page.page.store.getState();
  expect(experiment?.scores).toEqual([[0.4], [0.6]]);
  expect(runs.map(({ settings, looks }) => [settings.keep, looks?.map(({ step }) => step)])).toEqual([
    [1, [0, 2, 4]],
    [0.5, [0, 2, 4]],
  ]);
  // Both runs of the next seed are asked for: until they are there, the finished pair stays.
  expect(now(page)).toMatchObject({ seed: 1, sides: [{ run: { step: 4 } }, { run: { step: 4 } }] });
  begin(page);
  page.say(...beside(started({ ...other, seed: 2 })));
  expect(now(page)?.seed).toBe(2);
});

test("two runs that go step for step stand side by side without an experiment, too", () => {
  const page = readyPage("?steps=4&evaluate=2&keep=1");
  const other = { ...page.page.store.getState().wanted, keep: 0.5 };
  begin(page);
  look(page, 0);
  page.say(...beside(GALLERY, started(other), lookOf(other, 0)), step(1), ...beside(step(1)));
  look(page, 1);
  expect(now(page)).toMatchObject({
    asked: false,
    seed: 1,
    sides: [
      { words: "keep=1", run: { step: 1 } },
      { words: "keep=0.5", run: { step: 1, settings: { keep: 0.5 } } },
    ],
  });
});

test("of many tests of two runs that go together the last one's maps are shown", () => {
  const page = readyPage("?steps=40&evaluate=1&keep=1");
  const other = { ...page.page.store.getState().wanted, keep: 0.5 };
  begin(page);
  look(page, 0);
  page.say(...beside(GALLERY, started(other), lookOf(other, 0)));
  for (let at = 1; at <= 30; at++) {
    page.say(step(at), ...beside(step(at)), tested(at, 0.2), ...beside(tested(at, 0.3)));
    look(page, at);
    page.say(...beside(lookOf(other, at)));
  }
  expect(sharedStep(now(page)!.sides)).toBe(30);
});

test("runs that go one after the other stand side by side while the second goes on, at steps at which both were tested", async () => {
  const page = readyPage();
  page.page.experiments.start(APART);
  await settled();
  expect(now(page)).toMatchObject({ asked: true, seed: 1, sides: [{ words: "keep=1" }, { words: "keep=0.5" }] });
  expect(now(page)?.sides.map(({ run, missing }) => run ?? missing)).toEqual(Array(2).fill("Its run is still to come."));
  carryOut(page);
  await settled();
  begin(page);
  look(page, 0);
  page.say(step(1));
  const during = now(page)!;
  expect(during.sides.map(({ run }) => run?.looks?.map(({ step }) => step))).toEqual([[0, 2, 4], [0]]);
  expect(sharedStep(during.sides)).toBe(0);
  carryOut(page);
  await settled();
  // The next seed's first run is under way: the finished pair stays until that one has a partner, too.
  begin(page);
  page.say(step(1));
  const after = now(page)!;
  expect(after.seed).toBe(1);
  expect(sharedStep(after.sides)).toBe(4);
  expect(sharedStep(after.sides, 3)).toBe(2);
  const [all, half] = after.sides.map(({ run }) => run!.looks!.at(-1)!);
  expect(all.maps.map(({ name }) => name)).toEqual(["Student's attention", "Patches the teacher sees"]);
  expect(all.maps[1].values).toEqual(Float32Array.of(1, 1, 1, 1));
  expect(half.maps[1].values).toEqual(Float32Array.of(0, 0, 1, 1));
  expect(half.says).toEqual(["b ✓"]);
});

test("a run of the pair that was deleted is told; its score counts on", async () => {
  const page = readyPage();
  page.page.experiments.start({ ...APART, seeds: 1 });
  await settled();
  carryOut(page);
  await settled();
  carryOut(page);
  await settled();
  expect(now(page)?.sides.map(({ run }) => run?.step)).toEqual([4, 4]);
  page.page.savedRuns.delete(page.page.store.getState().runs[0].id);
  expect(now(page)?.sides[0]).toEqual({ words: "keep=1", run: undefined, missing: expect.stringContaining("was deleted") });
  expect(page.page.store.getState().experiment?.scores).toEqual([[0.4], [0.4]]);
});

test("without an experiment a run stands beside its pair, or the baseline; without either there is nothing", async () => {
  const page = readyPage();
  page.page.settings.change("steps", 4);
  page.page.run.restart();
  carryOut(page);
  expect(now(page)).toBeUndefined();
  page.page.run.restartWith({ keep: 1 });
  carryOut(page, 3);
  expect(now(page)).toMatchObject({ asked: false, seed: 1, sides: [{ words: "keep=1" }, { words: "keep=0.5" }] });
  page.page.run.restartWith({ seed: 2, keep: 0.5 });
  carryOut(page, 3);
  expect(now(page)).toBeUndefined();
  page.page.savedRuns.pin(page.page.store.getState().runs[0].id);
  expect(now(page)?.seed).toBeUndefined();
});

test("maps are multiples of each picture's mean, and kept patches are ones", () => {
  const two = timesMap("a", [1, 3, 0, 0, 2, 2, 4, 0], [2, 2]);
  expect([0, 1].map((index) => [...shownOf(two, index)])).toEqual([
    [1, 3, 0, 0],
    [1, 1, 2, 0],
  ]);
  expect(shownOf(timesMap("a", [0, 0], [1, 2]), 0)).toEqual(Float32Array.of(1, 1));
  expect(keptMap("k", Uint32Array.of(0, 3, 1, 2), 2, [2, 2]).values).toEqual(Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0));
});
