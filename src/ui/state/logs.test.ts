/** A log of a run made elsewhere becomes a run like any other. */
import { expect, test } from "vitest";
import { SCHEMA } from "../../tasks";
import { runFromLog } from "./logs";

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

test("its settings, losses, rates and tests are those of the log", () => {
  const run = runFromLog(text(HEAD, step(1, 2), step(2, 1.5), TESTED), "log.jsonl");
  expect(run).toMatchObject({ name: "pets (log)", step: 2, total: 4, teacher: "deit", settings: { keep: 0.25, steps: 4 } });
  expect(run.points.map(({ step, losses }) => [step, losses])).toEqual([
    [1, { ce: 2, kd: 0.5 }],
    [2, { ce: 1.5, kd: 0.5 }],
  ]);
  expect(run.points[0].rates).toEqual({ student: 0.25, teacher: 0.75, agreement: 0.5 });
  expect(run.evaluations).toEqual([{ step: 2, scores: { top1: 0.625 }, count: 16 }]);
});

test("it is of the same data as runs here where the log says so, and else of data of its own", () => {
  const idOf = (data: object) => runFromLog(text({ ...HEAD, data }, step(1, 2), TESTED), "log.jsonl").dataset?.id;
  expect(idOf({ id: "files-7", name: "pets" })).toBe("files-7");
  expect(idOf({ name: "pets" })).toBe("log-pets");
});

test.each([
  ["no JSON", "step 1", "is not a log of a run"],
  ["another file's JSON", text({ name: "x" }), "its first line does not say what was run"],
  ["a log without a test", text(HEAD, step(1, 2)), "no test on held-out data"],
  ["a setting that cannot be", text({ ...HEAD, run: { ...HEAD.run, keep: 7 } }, step(1, 2)), 'keep cannot be "7"'],
])("%s is refused with what is wrong", (_, log, said) => {
  expect(() => runFromLog(log, "log.jsonl")).toThrow(said);
});
