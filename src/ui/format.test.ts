import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { age, duration, percent, reach, signed, unbroken } from "./format";

beforeEach(() => void vi.useFakeTimers({ now: 1e12 }));
afterEach(() => void vi.useRealTimers());

test("durations are told in the unit that suits them", () => {
  expect([40, 170, 5400, 20_000, 130_000, 1e6].map(duration)).toEqual(["40 s", "3 min", "2 h", "6 h", "2 days", "12 days"]);
});

test("what a clock that was set back puts into the future was just now", () => {
  expect([-86_400_000, 500, 40_000, 7_200_000].map((ago) => age(1e12 - ago))).toEqual(["just now", "just now", "40 s ago", "2 h ago"]);
});

test("no line begins with a percent sign", () => {
  expect(unbroken(`${percent(0.587)} of 9, ${percent(0.5)}`)).toBe("58.7\u00a0% of 9, 50\u00a0%");
});

test("differences have their sign, a minus that is one, and none at zero", () => {
  expect([signed(1.24), signed(-0.3), signed(-0.04), signed(0.0004, 3)]).toEqual(["+1.2", "−0.3", "0.0", "0.000"]);
  expect(reach([-0.3, 2.71])).toBe("−0.3 to +2.7");
});
