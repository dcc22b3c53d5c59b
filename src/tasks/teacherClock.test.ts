import { expect, test } from "vitest";
import { timeOf, timingOf } from "./teacherClock";

test("times come to their lower median and their middle half", () => {
  expect(timingOf([7])).toEqual({ ms: 7, middle: [7, 7], times: 1 });
  expect(timingOf([3, 1, 2])).toEqual({ ms: 2, middle: [1, 3], times: 3 });
  // One disturbed time moves neither median nor quartiles far.
  expect(timingOf([5, 4, 6, 90, 3, 5, 5, 7, 4])).toEqual({ ms: 5, middle: [4, 6], times: 9 });
});

test("what is told of a teacher rests on the fewest measurements of all that are compared", () => {
  const [now, full, student] = [timingOf([2, 3]), timingOf([4, 5, 6]), timingOf([1])];
  expect(timeOf(now, full)).toEqual({ ms: 2, fullMs: 5, spread: { ms: [2, 3], fullMs: [4, 6], times: 2 } });
  expect(timeOf(now, full, student)).toMatchObject({ studentMs: 1, spread: { studentMs: [1, 1], times: 1 } });
});
