import { expect, test } from "vitest";
import { withStep } from "./meanTime";

test("the first step is the mean, others move it", () => {
  expect([withStep(0, 40, 0), withStep(40, 20, 0.9)]).toEqual([40, 38]);
});

test("a night of sleep in a step does not spoil what is told of the time left, and steps that are slower from now on are soon known", () => {
  expect(withStep(40, 8 * 3_600_000, 0.9)).toBeLessThan(80);
  let mean = 40;
  for (let step = 0; step < 60; step++) mean = withStep(mean, 4000, 0.9);
  expect(mean).toBeGreaterThan(3900);
});
