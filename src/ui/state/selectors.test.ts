/** What follows from the state. */
import { expect, test } from "vitest";
import { repeated, secondsLeft } from "./selectors";
import type { State } from "./store";

test("time left follows the pace of the last steps, and is told only while training", () => {
  const state = { phase: "running", step: 100, active: { steps: 1100, batch: 32 }, history: { imagesPerSecond: 640 } } as unknown as State;
  expect(secondsLeft(state)).toBe(50);
  expect(secondsLeft({ ...state, phase: "paused" })).toBeUndefined();
  expect(secondsLeft({ ...state, history: { imagesPerSecond: 0 } as State["history"] })).toBeUndefined();
});

test("of two runs the times add, unless the pace of one holds the steps of the other", () => {
  const run = (imagesPerSecond: number, overlapping: boolean) =>
    ({ phase: "running", step: 100, active: { steps: 1100, batch: 32 }, history: { imagesPerSecond, overlapping } }) as unknown as State;
  const pair = (overlapping: boolean) =>
    ({ ...run(640, overlapping), beside: { getState: () => run(320, overlapping) } }) as unknown as State;
  expect([false, true].map((overlapping) => secondsLeft(pair(overlapping)))).toEqual([150, 100]);
});

test("a time that was measured once or twice, or with no spread, is none to tell", () => {
  const time = { ms: 2, fullMs: 4, bytes: 1, fullBytes: 2 };
  const spread = (times: number) => ({ ms: [1, 3] as const, fullMs: [3, 5] as const, times });
  expect(repeated(undefined)).toBeUndefined();
  expect(repeated(time)).toBeUndefined();
  expect(repeated({ ...time, spread: spread(2) })).toBeUndefined();
  expect(repeated({ ...time, spread: spread(3) })).toMatchObject({ ms: 2, spread: { times: 3 } });
});
