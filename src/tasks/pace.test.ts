/** How often snapshots are taken, by a clock of the test's own. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pace } from "./pace";

let now = 0;
beforeEach(() => {
  now = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => vi.restoreAllMocks());

const take = (pace: Pace, ms: number) =>
  pace.taking(async () => {
    now += ms;
  });

/** Milliseconds until the next is due. */
function wait(pace: Pace): number {
  const from = now;
  while (!pace.due) now += 10;
  return now - from;
}

test("a first snapshot that compiles kernels for a minute does not put off the second", async () => {
  const pace = new Pace();
  expect(pace.due).toBe(true);
  await take(pace, 60_000);
  expect(wait(pace)).toBe(700);
});

test("quick ones come every 700 ms, slower ones take a tenth of the time, very slow ones still come", async () => {
  const pace = new Pace();
  await take(pace, 5000);
  await take(pace, 10);
  expect(wait(pace)).toBe(700);
  await take(pace, 400);
  expect(wait(pace)).toBe(4000);
  await take(pace, 3000);
  expect(wait(pace)).toBe(11_000);
});
