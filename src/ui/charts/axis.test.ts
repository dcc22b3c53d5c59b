/** Ticks under a chart's steps. */
import { expect, test } from "vitest";
import { evenSteps } from "./axis";

test.each([
  [1500, 5, [0, 500, 1000, 1500]],
  [1000, 5, [0, 200, 400, 600, 800, 1000]],
  [1000, 3, [0, 500, 1000]],
  [400, 5, [0, 100, 200, 300, 400]],
  [750, 5, [0, 250, 500, 750]],
  [6, 5, [0, 2, 4, 6]],
  [12, 5, [0, 3, 6, 9, 12]],
  [519, 5, undefined],
  [1, 5, undefined],
])("%i steps in %i parts at most have ticks that are round and as far apart, or the chart library's own", (total, most, ticks) => {
  expect(evenSteps(total, most)).toEqual(ticks);
});
