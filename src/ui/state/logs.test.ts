/** A log of a run made elsewhere, and rows of a sweep, become runs like any other. */
import { expect, test } from "vitest";
import { SCHEMA } from "../../tasks";
import { CODE } from "../../tasks/claims";
import { runsIn } from "./logs";

const HEAD = {
  run: { ...SCHEMA.defaults(), steps: 4, keep: 0.25 },
  losses: ["ce", "kd"],
  data: { name: "pets", train: 40 },
  teacher: "deit",
};
const step = (n: number, ce: number) => ({
  ...{ step: n, ce, kd: 0.5, student_top1: 0.25, teacher_top1: 0.75, agreement: 0.5, images_per_s: 320, step_ms: 100 },
});
const TESTED = { step: 2, heldout_top1: 0.625, heldout: 16 };
const text = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join("\n");

test("its settings, losses, rates and tests are those of the log", async () => {
  const [run] = await runsIn(text(HEAD, step(1, 2), step(2, 1.5), TESTED), "log.jsonl");
  expect(run).toMatchObject({ name: "pets (log)", step: 2, total: 4, teacher: "deit", settings: { keep: 0.25, steps: 4 } });
  expect(run.points.map(({ step, losses }) => [step, losses])).toEqual([
    [1, { ce: 2, kd: 0.5 }],
    [2, { ce: 1.5, kd: 0.5 }],
  ]);
  expect(run.points[0].rates).toEqual({ student: 0.25, teacher: 0.75, agreement: 0.5 });
  expect(run.evaluations).toEqual([{ step: 2, scores: { top1: 0.625 }, count: 16 }]);
});

test("it is of the same data as runs here where the log says so, and else of data of its own", async () => {
  const idOf = async (data: object) => (await runsIn(text({ ...HEAD, data }, step(1, 2), TESTED), "log.jsonl"))[0].dataset?.id;
  expect(await idOf({ id: "files-7", name: "pets" })).toBe("files-7");
  expect(await idOf({ name: "pets" })).toBe("log-pets");
});

test.each([
  ["no JSON", "step 1", "is not a log of a run"],
  ["another file's JSON", text({ name: "x" }), "its first line does not say what was run"],
  ["a log without a test", text(HEAD, step(1, 2)), "no test on held-out data"],
  ["a setting that cannot be", text({ ...HEAD, run: { ...HEAD.run, keep: 7 } }, step(1, 2)), 'keep cannot be "7"'],
  [
    "a log of nested settings",
    text({ ...HEAD, run: { ...HEAD.run, x: [[{ toString: 1 }]] } }, TESTED),
    "its first line does not say what was run",
  ],
  ["a log of no settings", text({ ...HEAD, run: null }, step(1, 2), TESTED), "its first line does not say what was run"],
  ["a log of a teacher that is no name", text({ ...HEAD, teacher: { a: 1 } }, TESTED), "its first line does not say what was run"],
  ["a log of losses that are no names", text({ ...HEAD, losses: [{}] }, TESTED), "its first line does not say what was run"],
  ["a log of data that are no name", text({ ...HEAD, data: { name: "x", id: {} } }, TESTED), "its first line does not say what was run"],
  ["a line that is nothing", `${text(HEAD, step(1, 2))}\nnull\n${text(TESTED)}`, "line 3 is not the numbers of a step"],
  ["a line that is a word", `${text(HEAD)}\n"abc"\n${text(TESTED)}`, "line 2 is not the numbers of a step"],
  ["a line without its step", text(HEAD, { ce: 1 }, TESTED), "line 2 is not the numbers of a step"],
  ["a score that is a word", text(HEAD, { ...TESTED, heldout_top1: "x" }), "line 2 is not the numbers of a step"],
  ["a test of images below 0", text(HEAD, { ...TESTED, heldout: -1 }), "line 2 is not the numbers of a step"],
])("%s is refused with what is wrong", async (_, log, said) => {
  await expect(runsIn(log, "log.jsonl")).rejects.toThrow(said);
});

const ROW = {
  ...{ run: "steps=40&keep=0.5&seed=3 scenes-16-24-12-1 abc123", code: CODE, preset: "maskedkd", seed: 3, steps: 40 },
  ...{ student_top1: 0.5, student_top5: 0.75, teacher_top1: 0.9, teacher_macs: 60, teacher_macs_full: 100, right: "Dw8=" },
  curve: [{ step: 20, top1: 0.25, top5: 0.5, teacher_top1: 0.9, ce: 2, kd: 1 }],
};

test("a long run's few points stay apart, in logs and in sweeps", async () => {
  const points = [1000, 2000, 3000].map((n) => ({ step: n, top1: 0.25, ce: 2 }));
  const row = { ...ROW, run: "steps=4000 scenes-16-24-12-1 abc123", steps: 4000, curve: points };
  const [swept] = await runsIn(text(row), "sweep.jsonl");
  const long = { ...HEAD, run: { ...HEAD.run, steps: 4000 } };
  const [logged] = await runsIn(text(long, ...points.map(({ step: n }) => step(n, 2)), TESTED), "log.jsonl");
  for (const run of [swept, logged]) expect(run.points.map(({ step: n }) => n)).toEqual([1000, 2000, 3000]);
});

test("each row of a sweep is a run with its settings, scores, curve and cost; a line that is still written is left out", async () => {
  const alone = { ...ROW, run: "steps=40&keep=0.5 files-7", heldout: 9 };
  const [first, second] = await runsIn(`${text(ROW, { ...alone, run: `${alone.run} alone` })}\n{"run":"x`, "sweep.jsonl");
  expect(first).toMatchObject({ name: "sweep 1", step: 40, total: 40, teacher: "abc123", settings: { keep: 0.5, seed: 3 } });
  expect(first.dataset?.id).toBe("scenes-16-24-12-1");
  expect(first.evaluations).toEqual([
    { step: 20, scores: { top1: 0.25, top5: 0.5 }, count: 12 },
    { step: 40, scores: { top1: 0.5, top5: 0.75 }, count: 12, right: "Dw8=" },
  ]);
  expect(first.points[0].losses).toEqual({ ce: 2, kd: 1 });
  expect(first.sums.macs / first.sums.fullMacs).toBeCloseTo(0.6);
  expect([second.teacher, second.evaluations.at(-1)?.count]).toEqual([undefined, 9]);
});

test.each([
  ["of other code", { ...ROW, code: "0.1" }, "line 2: it is of other code (0.1"],
  ["without its score", { ...ROW, student_top1: undefined }, "line 2: it has no top1"],
  ["of data whose held-out images nobody counted", { ...ROW, run: "keep=0.5 files-7 alone" }, "how many images were held out"],
  ["of no data", { ...ROW, run: "keep=0.5", heldout: 9 }, "line 2: it does not say what it learned from"],
  ["of steps that are a word", { ...ROW, steps: "x" }, "line 2: its steps, or its images held out, are no whole number"],
  ["of images below 0", { ...ROW, heldout: -3 }, "line 2: its steps, or its images held out, are no whole number"],
  ["of answers that are none", { ...ROW, right: "%%%" }, "line 2: its right answers are not those to 12 images"],
  ["of answers to other images", { ...ROW, right: "AAAA" }, "line 2: its right answers are not those to 12 images"],
  ["with a setting that cannot be", { ...ROW, run: "keep=7 scenes-16-24-12-1 alone" }, 'keep cannot be "7"'],
])("a row %s is refused by its line", async (_, row, said) => {
  await expect(runsIn(text(ROW, row), "sweep.jsonl")).rejects.toThrow(said);
});

test.each([["abc"], [5], [[null, 5, { step: 1 }]], [{}]])("a row whose curve is %j is read for its end", async (curve) => {
  const [run] = await runsIn(text({ ...ROW, curve }), "sweep.jsonl");
  expect(run.evaluations).toEqual([{ step: 40, scores: { top1: 0.5 }, count: 12, right: "Dw8=" }]);
});
