/** Two runs side by side: which ones, at which step, and what is said where one of them is not there. */
import { expect, test } from "vitest";
import { keptMap, timesMap } from "../tasks/compared";
import type { Experiment } from "./experiments";
import { pairOf, sharedStep } from "./pair";
import { type FakePage, phase, readyPage, started, step } from "./playground.fixture";

const ASKED: Omit<Experiment, "scores"> = {
  ...{ title: "More patches help", paper: "2 against 1", claimed: 1, seeds: 2 },
  cases: ["steps=4&evaluate=2&keep=1", "steps=4&evaluate=2&keep=0.5"],
};

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

/** A picture's data as the monitor shows them. */
function look({ page, say }: FakePage, at: number): void {
  const snapshot = {
    ...{ step: at, student: [1], teacher: [0], heads: 1, grid: [2, 2] },
    ...{ attention: Float32Array.of(0.1, 0.2, 0.3, 0.4), kept: page.store.getState().wanted.keep === 1 ? undefined : Uint32Array.of(2, 3) },
  };
  say({ type: "view", task: "classification", view: { name: "snapshot", value: snapshot, step: at, keep: 20 } });
}

function begin({ page, say }: FakePage): void {
  const gallery = { side: 4, channels: 3, grid: [2, 2], classes: ["a", "b"], images: new Uint8Array(48), labels: [1] };
  say(started(page.store.getState().wanted), phase("running"));
  say({ type: "view", task: "classification", view: { name: "gallery", value: gallery } });
}

/** The worker's part of a run, with pictures at some steps between its tests. */
function carryOut(page: FakePage, last = 4): void {
  begin(page);
  look(page, 0);
  for (let at = 1; at <= last; at++) {
    page.say(step(at));
    if (at % 2 === 0) page.say({ type: "evaluated", step: at, scores: { top1: at / 10 }, count: 40 });
    look(page, at);
  }
  if (last === 4) page.say(phase("finished"));
}

const now = ({ page }: FakePage) => pairOf(page.store.getState());

test("an experiment's runs stand side by side while the second goes on and after it, at steps at which both were tested", async () => {
  const page = readyPage();
  page.page.experiments.start(ASKED);
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
  page.page.experiments.start({ ...ASKED, seeds: 1 });
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
  expect(timesMap("a", [1, 3, 0, 0, 2, 2, 4, 0], [2, 2]).values).toEqual(Float32Array.of(1, 3, 0, 0, 1, 1, 2, 0));
  expect(timesMap("a", [0, 0], [1, 2]).values).toEqual(Float32Array.of(1, 1));
  expect(keptMap("k", Uint32Array.of(0, 3, 1, 2), 2, [2, 2]).values).toEqual(Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0));
});
