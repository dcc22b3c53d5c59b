import { expect, test } from "vitest";
import { parallel, pipelined } from "./pipeline";

test("micro-batches of equal stages end after 2, 1.5, 1.25 and 1.125 units, those of a teacher twice as slow after 3 to 2.125", () => {
  expect([1, 2, 4, 8].map((parts) => pipelined(1, 1, parts).end)).toEqual([2, 1.5, 1.25, 1.125]);
  expect([1, 2, 4, 8].map((parts) => pipelined(1, 2, parts).end)).toEqual([3, 2.5, 2.25, 2.125]);
});

test("the makespan is that of the formula, also where the student is slower", () => {
  for (const [s, t, parts] of [
    [3, 1, 4],
    [0.7, 1.9, 5],
    [2, 0, 3],
  ])
    expect(pipelined(s, t, parts).end).toBeCloseTo(s / parts + ((parts - 1) * Math.max(s, t)) / parts + t / parts, 12);
});

test("no micro-batch is answered before it was seen, no stage does two things at once, and idle time is what is left", () => {
  const { slots, end, idle } = pipelined(1, 2, 4);
  for (const part of [0, 1, 2, 3]) {
    const [seen, answered] = ["student", "teacher"].map((stage) => slots.find((slot) => slot.stage === stage && slot.part === part)!);
    expect(answered.from).toBeGreaterThanOrEqual(seen.to);
  }
  const teacher = slots.filter(({ stage }) => stage === "teacher");
  for (let i = 1; i < teacher.length; i++) expect(teacher[i].from).toBeGreaterThanOrEqual(teacher[i - 1].to);
  expect(idle).toBeCloseTo(1 - 3 / (2 * end), 12);
  expect(parallel(1, 2)).toMatchObject({ end: 2, idle: 0.25 });
});
