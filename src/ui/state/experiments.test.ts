/** An experiment on the page: pairs of runs that go step for step, what they say, and what stops them. */
import { describe, expect, test } from "vitest";
import type { Settings } from "../../settings/run";
import { SCHEMA } from "../../tasks";
import type { Command, Event } from "../../worker/protocol";
import { EXPERIMENT, type Experiment, isComplete, nextOf, type Sweep } from "./experiments";
import { drawingOf as drawingOfPairs, outcomeOf, rowsOf, toldOf } from "./outcome";
import { type FakePage, loaded, openPage, phase, readyPage, started, step } from "./playground.fixture";
import { axisOf, casesOf, drawingOf, sweepOf } from "./sweep";

const ASKED: Omit<Experiment, "scores"> = {
  ...{ title: "More patches help", paper: "2 against 1", claimed: 1, seeds: 2 },
  cases: ["steps=2&keep=1", "steps=2&keep=0.5"],
};

/** What is told of a whole run of these settings, with this score at its end. */
const told = (settings: Settings, top1: number, last = 2): Event[] => [
  started(settings),
  ...Array.from({ length: last }, (_, i) => step(i + 1)),
  { type: "evaluated", step: last, scores: { top1 }, count: 40 },
];

/** The worker's part of a whole run of what the page asked for, and of the run beside it. */
function carryOut({ page, say }: FakePage, top1: number, last = 2, beside: readonly Event[] = []): void {
  const [begun, ...rest] = told(page.store.getState().wanted, top1, last);
  say(begun, ...beside.map((event): Event => ({ type: "beside", event })), phase("running"), ...rest, phase("finished"));
}

/** The same of both runs of a pair, where the page asked for both. */
function carryOutBoth(page: FakePage, first: number, second: number, last = 2): [a: unknown, b: unknown] {
  const asked = page.told("start").at(-1) as Extract<Command, { type: "start" }>;
  carryOut(page, first, last, told(asked.beside!.settings, second, last));
  return [asked.settings, asked.beside!.settings];
}

const now = ({ page }: FakePage) => page.store.getState().experiment as Experiment;
/** What comes between events. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

test("both settings run under each seed, and their difference judges the claim", async () => {
  const page = readyPage();
  page.page.experiments.start({ ...ASKED, guess: "opposite" });
  await settled();
  expect(carryOutBoth(page, 0.5, 0.4)).toMatchObject([
    { keep: 1, seed: 1 },
    { keep: 0.5, seed: 1 },
  ]);
  await settled();
  expect(carryOutBoth(page, 0.6, 0.52)).toMatchObject([
    { keep: 1, seed: 2 },
    { keep: 0.5, seed: 2 },
  ]);
  expect(now(page).scores).toEqual([
    [0.5, 0.6],
    [0.4, 0.52],
  ]);
  expect(isComplete(now(page))).toBe(true);
  expect(outcomeOf(now(page))).toMatchObject({ difference: expect.closeTo(0.09), seeds: 2, verdict: "cannot tell" });
  expect(page.page.store.getState().runs).toHaveLength(4);
});

test("where both do not go together they run one after the other, and why is said", async () => {
  const page = readyPage();
  page.page.experiments.start(ASKED);
  await settled();
  expect(page.told("start").at(-1)).toMatchObject({ settings: { keep: 1 }, beside: { settings: { keep: 0.5 } } });
  page.say({ type: "parted", message: "The GPU has not enough free memory for this." });
  const asked: [unknown, unknown][] = [];
  for (const score of [0.5, 0.4, 0.6, 0.52]) {
    await settled();
    const { keep, seed } = page.page.store.getState().wanted;
    asked.push([keep, seed]);
    expect(page.told("start").filter((command) => "beside" in command)).toEqual([]);
    carryOut(page, score);
  }
  expect(asked).toEqual([
    [1, 1],
    [0.5, 1],
    [1, 2],
    [0.5, 2],
  ]);
  expect(now(page)).toMatchObject({ apart: "The GPU has not enough free memory for this." });
  expect(isComplete(now(page))).toBe(true);
});

test("a pair that the GPU has too little memory for halts it, and goes on one run after the other", async () => {
  const page = readyPage();
  page.page.experiments.start(ASKED);
  await settled();
  page.say({ type: "failed", message: "Too little memory.", remedy: "Halve the batch.", fatal: false, spoiled: true, memory: true });
  expect(now(page)).toMatchObject({ halted: "Too little memory.", apart: "Too little memory." });
  page.told();
  page.page.experiments.goOn();
  await settled();
  expect(page.told("start")).toEqual([expect.not.objectContaining({ beside: expect.anything() })]);
});

test.each([
  ["steps=2&keep=1", "steps=3&keep=1"],
  ["data=shapes:60,40&steps=2", "steps=2"],
  ["preset=fitnet&detector=gfl&teacherDetector=fcos", "preset=fitnet&detector=gfl"],
  ["steps=2&preset=maskedkd", "steps=2&preset=samkd"],
])("runs of other lengths, data, teachers or tasks do not go together: %s, %s", (first, second) => {
  const of = (cases: Experiment["cases"]) => nextOf({ ...ASKED, cases, scores: [[], []] }).beside;
  expect(of([first, second])).toBeUndefined();
  expect(of([first, `${first}&lr=0.002`])).toBe(`${first}&lr=0.002&seed=1`);
});

test("a run that was cut off by a lost GPU counts when it has come back; another does not", async () => {
  const page = readyPage();
  page.page.experiments.start(ASKED);
  await settled();
  const { wanted } = page.page.store.getState();
  const { beside } = page.told("start").at(-1) as Extract<Command, { type: "start" }>;
  page.say(started(wanted), phase("running"), step(1));
  page.say({ type: "failed", message: "The GPU device was lost.", remedy: "Reload.", fatal: true, spoiled: true });
  expect(now(page).halted).toBe("The GPU device was lost.");
  page.say(started({ ...wanted, keep: 0.25 }), phase("running"));
  expect(now(page).halted).toBe("The GPU device was lost.");
  page.say(started(wanted));
  expect(now(page).halted).toBe("The GPU device was lost.");
  const [, ...rest] = told(wanted, 0.5);
  page.say(...told(beside!.settings, 0.4).map((event): Event => ({ type: "beside", event })), phase("running"));
  expect(now(page).halted).toBeUndefined();
  page.say(...rest, phase("finished"));
  expect(now(page).scores).toEqual([[0.5], [0.4]]);
  page.page.experiments.halt("You halted it.");
  page.say(phase("paused"), phase("running"));
  expect(now(page).halted).toBe("You halted it.");
});

test("a run that was ended early, or steered, halts it; it goes on from that run's beginning", async () => {
  const page = readyPage();
  page.page.experiments.start(ASKED);
  await settled();
  carryOutBoth(page, 0.5, 0.4, 1);
  expect(now(page)).toMatchObject({ halted: expect.stringContaining("ended before"), scores: [[], []] });
  page.page.experiments.goOn();
  await settled();
  page.page.settings.change("keep", 0.25);
  carryOutBoth(page, 0.5, 0.4);
  expect(now(page)).toMatchObject({ halted: expect.stringContaining("does not belong"), scores: [[], []] });
  page.page.experiments.goOn();
  await settled();
  expect(page.page.store.getState().wanted).toMatchObject({ keep: 1, seed: 1 });
});

test("a failure halts it; what was measured before stays", async () => {
  const page = readyPage();
  page.page.experiments.start({ ...ASKED, apart: "It was halted between two runs." });
  await settled();
  carryOut(page, 0.5);
  await settled();
  page.say({ type: "failed", message: "The loss is not a number.", remedy: "Lower the rate.", fatal: false, spoiled: true });
  expect(now(page)).toMatchObject({ halted: "The loss is not a number.", scores: [[0.5], []] });
  expect(nextOf(now(page))).toEqual({ index: 1, seed: 1, query: "steps=2&keep=0.5&seed=1" });
});

test("a seed of which a run fails again and again can be left out, with its pair; the others count", async () => {
  const page = readyPage();
  page.page.experiments.start({ ...ASKED, seeds: 3 });
  const fail = () =>
    page.say({ type: "failed", message: "The loss is not a number.", remedy: "Lower the rate.", fatal: false, spoiled: true });
  const scores = [[0.5, 0.4], undefined, [0.6, 0.52]];
  for (const score of scores) {
    await settled();
    if (score !== undefined) carryOutBoth(page, score[0], score[1]);
    else {
      fail();
      page.page.experiments.goOn();
      await settled();
      fail();
      page.page.experiments.leaveOut();
    }
  }
  expect(now(page)).toMatchObject({
    scores: [
      [0.5, null, 0.6],
      [0.4, null, 0.52],
    ],
    halted: undefined,
  });
  expect(isComplete(now(page))).toBe(true);
  expect(outcomeOf(now(page))).toMatchObject({ difference: expect.closeTo(0.09), seeds: 2 });
  expect(rowsOf(now(page))).toEqual([
    { seed: 1, first: 0.5, second: 0.4 },
    { seed: 2, first: null, second: null },
    { seed: 3, first: 0.6, second: 0.52 },
  ]);
});

test("the figure of an experiment joins the two runs of each seed, and tells the means with their intervals", () => {
  const { lines, x } = drawingOfPairs(
    {
      ...ASKED,
      scores: [
        [0.5, 0.6, null],
        [0.4, 0.48, 0.5],
      ],
    },
    "accuracy",
  );
  expect(x).toBe("1: keep=1; 2: keep=0.5");
  expect(lines.map(({ label }) => label)).toEqual(["mean", "seed 1", "seed 2"]);
  const [[at, middle, low, high]] = lines[0].points;
  // Two seeds, 10 points apart: 5 x t(0.975, 1) = 63.5.
  expect([at, middle, low, high]).toEqual([1, expect.closeTo(55), expect.closeTo(55 - 63.53, 1), expect.closeTo(55 + 63.53, 1)]);
  expect(lines[2].points).toEqual([
    [1, 60, null, null],
    [2, 48, null, null],
  ]);
});

test("one that was under way when the page was closed waits to go on, one that was complete shows what it said", async () => {
  for (const [scores, halted] of [
    [[[0.5], []], "The page was closed."],
    [
      [
        [0.5, 0.6],
        [0.4, 0.5],
      ],
      undefined,
    ],
  ] as const) {
    const page = openPage("", new Map([[EXPERIMENT, { ...ASKED, scores }]]));
    await page.page.experiments.load();
    expect(now(page).scores).toEqual(scores);
    expect(now(page).halted).toBe(halted);
  }
});

test("no pair begins of which one run lacks its teacher", async () => {
  const page = readyPage();
  page.say(loaded("maskedkd", {}, null));
  page.page.experiments.start({ ...ASKED, cases: ["steps=2&teacher=none", "steps=2&keep=1"] });
  await settled();
  // But for its pictures, which are shown before it begins.
  expect(page.told("start").filter((command) => !("paused" in command))).toEqual([]);
  expect(page.page.sources.getState().refusals.teacher?.message).toBe("There is no teacher for this data yet.");
});

test("with other images the run begins when they are there", async () => {
  const page = readyPage();
  page.page.experiments.start({ ...ASKED, cases: ["data=shapes:60,40&steps=2&keep=1", "data=shapes:60,40&steps=2&keep=0.5"] });
  await settled();
  expect(page.told("start")).toEqual([]);
  page.say(loaded("maskedkd", { id: "other" }), started(page.page.store.getState().wanted), phase("ready"));
  const pair = [1, 0.5].map((keep) => ({ settings: { keep, steps: 2, seed: 1 } }));
  expect(page.told("start").at(-1)).toMatchObject({ ...pair[0], beside: pair[1] });
});

test("margins are in points: 'no worse' needs the whole interval above", () => {
  const margin = { name: "one point", value: 1 };
  const of = (first: number[], second: number[]) => outcomeOf({ ...ASKED, claimed: margin, scores: [first, second] })?.verdict;
  expect(of([0.5, 0.6, 0.7], [0.5, 0.6, 0.7])).toBe("agrees");
  expect(of([0.4, 0.5, 0.6], [0.5, 0.6, 0.7])).toBe("opposite");
  expect(of([0.4, 0.7], [0.5, 0.6])).toBe("cannot tell");
  expect(of([0.4], [])).toBeUndefined();
});

test("before the last pair there is an interval and no verdict", () => {
  const of = (...scores: [number[], number[]]) => toldOf({ ...ASKED, seeds: 3, claimed: 1, guess: "agrees", scores });
  expect(of([0.5], [0.4])).toBe("One pair so far: +10.0 points. One pair cannot tell.");
  expect(of([0.5, 0.5], [0.4, 0.4])).toMatch(/^Over 2 seeds: \+10\.0 points, 95 % interval .* so far\.$/);
  expect(of([0.5, 0.5, 0.5], [0.4, 0.4, 0.4])).toMatch(/^Over 3 seeds: .*: as the paper says\. You expected: as the paper says\.$/);
});

describe("a sweep", () => {
  const axes = [{ key: "keep", values: [0.25, 1] }];

  test("runs each value under each seed, goes on after the page was closed, and plots score against the teacher's cost", async () => {
    const page = readyPage();
    page.page.settings.change("steps", 2);
    page.page.experiments.start(sweepOf(axes, 2, { settings: page.page.store.getState().wanted }));
    const asked: [unknown, unknown][] = [];
    for (const score of [0.4, 0.6, 0.44]) {
      await settled();
      const { keep, seed } = page.page.store.getState().wanted;
      asked.push([keep, seed]);
      carryOut(page, score);
    }
    expect(asked).toEqual([
      [0.25, 1],
      [1, 1],
      [0.25, 2],
    ]);
    const reopened = readyPage("", page.kept);
    await reopened.page.experiments.load();
    expect(reopened.page.store.getState().experiment).toMatchObject({ halted: "The page was closed.", scores: [[0.4, 0.44], [0.6]] });
    reopened.page.experiments.goOn();
    await settled();
    expect(reopened.page.store.getState().wanted).toMatchObject({ keep: 1, seed: 2, steps: 2 });
    carryOut(reopened, 0.64);
    const sweep = reopened.page.store.getState().experiment as Sweep;
    expect(isComplete(sweep)).toBe(true);
    const { lines, x, y } = drawingOf({
      ...sweep,
      costs: [
        [1e6, 1e6],
        [4e6, 4e6],
      ],
    });
    expect([x, y]).toEqual(["teacher's multiply-adds over the run, millions", "accuracy, %"]);
    const [means, runs] = lines;
    expect(means.points.map(([at, middle]) => [at, middle])).toEqual([
      [1, expect.closeTo(42)],
      [4, expect.closeTo(62)],
    ]);
    // Two seeds, 4 points apart: 2 x t(0.975, 1) = 25.4.
    expect(means.points[0][2]).toBeCloseTo(42 - 25.41, 1);
    expect(runs.points).toHaveLength(4);
  });

  test("a run that fails can be left out; its case has one seed less, the others all of theirs", async () => {
    const page = readyPage();
    page.page.settings.change("steps", 2);
    page.page.experiments.start(sweepOf(axes, 1, { settings: page.page.store.getState().wanted }));
    await settled();
    page.say({ type: "failed", message: "The loss is not a number.", remedy: "Lower the rate.", fatal: false, spoiled: true });
    page.page.experiments.leaveOut();
    await settled();
    expect(page.page.store.getState().wanted).toMatchObject({ keep: 1, seed: 1 });
    carryOut(page, 0.6);
    const sweep = page.page.store.getState().experiment as Sweep;
    expect(sweep.scores).toEqual([[null], [0.6]]);
    expect(drawingOf(sweep).lines[0].points).toEqual([[1, 60, null, null]]);
  });

  test("two settings make every combination, in groups of the second", () => {
    const both = [...axes, { key: "criterion", values: ["student", "random"] }];
    const cases = casesOf(both, SCHEMA.defaults(), "shapes");
    expect(cases.map((query) => query.split("&").slice(-2))).toEqual([
      ["keep=0.25", "criterion=student"],
      ["keep=0.25", "criterion=random"],
      ["keep=1", "criterion=student"],
      ["keep=1", "criterion=random"],
    ]);
    const lines = drawingOf({ axes: both, cases, seeds: 1, score: "accuracy", scores: [[0.1], [0.2], [0.3], []] }).lines;
    expect(lines.map(({ label }) => label)).toEqual([
      "criterion student",
      "criterion student, runs",
      "criterion random",
      "criterion random, runs",
    ]);
    expect(lines[0].points.map(([at]) => at)).toEqual([0.25, 1]);
    expect(lines[2].points).toEqual([[0.25, 20, null, null]]);
  });

  test("a visitor's own images stay for every run; where they are gone it waits for them", async () => {
    const page = readyPage();
    const own = { id: "mine", name: "My leaves" };
    const there = () => page.say(loaded("maskedkd", { ...own, generated: false }));
    there();
    page.page.settings.change("steps", 2);
    page.page.experiments.start(sweepOf(axes, 1, { settings: page.page.store.getState().wanted, own }));
    await settled();
    expect(page.told("generate")).toEqual([]);
    const { wanted } = page.page.store.getState();
    page.say(started(wanted, { dataset: own }), phase("running"), step(1), step(2));
    page.say({ type: "evaluated", step: 2, scores: { top1: 0.4 }, count: 40 }, phase("finished"));
    await settled();
    expect(now(page)).toMatchObject({ own, scores: [[0.4], []] });
    // Other images meanwhile: what came of them does not count.
    carryOut(page, 0.9);
    expect(now(page)).toMatchObject({ halted: expect.stringContaining("does not belong"), scores: [[0.4], []] });
    page.say(loaded("maskedkd", { id: "other" }));
    page.page.experiments.goOn();
    await settled();
    expect(now(page).halted).toBe("Its images, My leaves, are not here now. Open them under Data, then go on.");
    there();
    page.page.experiments.goOn();
    await settled();
    expect(now(page).halted).toBeUndefined();
    expect(page.told("start").at(-1)).toMatchObject({ settings: { keep: 1, seed: 1 } });
  });

  test("what cannot be is refused in words: values, too many, the same setting twice", () => {
    expect(axisOf("keep", "0.25, 1", "maskedkd").values).toEqual([0.25, 1]);
    expect(() => axisOf("keep", "0.25 7", "maskedkd")).toThrow(/keep/);
    expect(() => axisOf("keep", "0.25", "maskedkd")).toThrow("two values or more");
    expect(() => axisOf("keep", "0.25 0.25", "maskedkd")).toThrow("two values or more");
    const many = Array.from({ length: 17 }, (_, i) => 0.01 * (i + 1));
    expect(() => casesOf([{ key: "keep", values: many }], SCHEMA.defaults())).toThrow("17 cases");
    expect(() => sweepOf([...axes, ...axes], 1, { settings: SCHEMA.defaults() })).toThrow("the same");
  });
});
