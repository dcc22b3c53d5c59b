/** What follows from the state. */
import { expect, test } from "vitest";
import { secondsLeft } from "./selectors";
import type { State } from "./store";

test("time left follows the pace of the last steps, and is told only while training", () => {
  const state = { phase: "running", step: 100, active: { steps: 1100, batch: 32 }, history: { imagesPerSecond: 640 } } as unknown as State;
  expect(secondsLeft(state)).toBe(50);
  expect(secondsLeft({ ...state, phase: "paused" })).toBeUndefined();
  expect(secondsLeft({ ...state, history: { imagesPerSecond: 0 } as State["history"] })).toBeUndefined();
});
