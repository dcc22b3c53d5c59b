import { expect, test } from "vitest";
import { type Row, readCases, table } from "./sweep";

test("every case takes the words before it, and a list of values makes a case of each", () => {
  const { base, cases } = readCases(
    "steps=5 data=scenes:20,10 + teacher=none + keep=0.5,0.25 criterion=student,random + keep=1".split(" "),
  );
  expect(base).toEqual(["steps=5", "data=scenes:20,10"]);
  expect(cases).toEqual([
    ["teacher=none"],
    ["keep=0.5", "criterion=student"],
    ["keep=0.5", "criterion=random"],
    ["keep=0.25", "criterion=student"],
    ["keep=0.25", "criterion=random"],
    ["keep=1"],
  ]);
  expect(readCases(["steps=5"]).cases).toEqual([[]]);
});

test("the table has mean and standard deviation over seeds", () => {
  const row = (student_top1: number, rest: object = {}): Row => ({ run: "", student_top1, ...rest });
  const costs = { teacher_top1: 0.5, teacher_macs: 10e6, teacher_macs_full: 40e6 };
  const found = new Map([
    ["teacher=none", [row(0.1), row(0.2), row(0.3)]],
    ["keep=0.25", [row(0.25, costs)]],
  ]);
  expect(table(found).split("\n").slice(2)).toEqual([
    "| teacher=none | 20.0 ± 10.0 |  |  | 3 |",
    "| keep=0.25 | 25.0 | 50.0 | 10.0 M (-75 %) | 1 |",
  ]);
  const detectors = new Map([["preset=samkd", [{ run: "", map: 0.3, mar: 0.4 }]]]);
  expect(table(detectors)).toBe("| case | mAP, % | mAR, % | seeds |\n| --- | --- | --- | --- |\n| preset=samkd | 30.0 | 40.0 | 1 |");
});
