import { expect, test } from "vitest";
import type { Row } from "./rows";
import { baselineOf, readCases, table } from "./sweep";

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

test("the table tells mean and standard deviation over seeds, and how much better a case is than the first under the same seeds", () => {
  const row = (seed: number, student_top1: number, rest: object = {}): Row => ({ run: "", seed, student_top1, ...rest });
  const costs = { teacher_top1: 0.5, teacher_macs: 10e6, teacher_macs_full: 40e6 };
  const found = new Map([
    ["teacher=none", [row(1, 0.1), row(2, 0.2), row(3, 0.3)]],
    ["keep=0.25", [row(2, 0.25, costs)]],
    ["keep=1", [row(1, 0.12), row(2, 0.23), row(3, 0.34)]],
  ]);
  expect(
    table(found)
      .split("\n")
      .filter((_, i) => i !== 1),
  ).toEqual([
    "| case | student top-1, % | teacher top-1, % | teacher MACs per image | seeds | student top-1, points over case 1 |",
    "| teacher=none | 20.0 ± 10.0 |  |  | 3 |  |",
    "| keep=0.25 | 25.0 | 50.0 | 10.0 M (-75 %) | 1 | +5.0, 1 seed: no interval |",
    "| keep=1 | 23.0 ± 11.0 |  |  | 3 | +3.0 [0.5, 5.5], 3 seeds |",
  ]);
  expect(table(found, 2)).toContain("| teacher=none | 20.0 ± 10.0 |  |  | 3 | -3.0 [-5.5, -0.5], 3 seeds |");
  const detectors = new Map([["preset=samkd", [{ run: "", map: 0.3, mar: 0.4 }]]]);
  expect(table(detectors)).toBe("| case | mAP, % | mAR, % | seeds |\n| --- | --- | --- | --- |\n| preset=samkd | 30.0 | 40.0 | 1 |");
});

test("a case dearer than the teacher at all patches is told so", () => {
  const found = new Map([["criterion=teacher", [{ run: "", student_top1: 0.1, teacher_macs: 60e6, teacher_macs_full: 40e6 }]]]);
  expect(table(found)).toContain("| 60.0 M (+50 %) |");
});

test("a baseline there is not is refused", () => {
  expect([baselineOf(undefined, 3), baselineOf("3", 3)]).toEqual([0, 2]);
  for (const word of ["0", "4", "first"]) expect(() => baselineOf(word, 3)).toThrow(/from 1 to 3/);
});
