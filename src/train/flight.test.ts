import { expect, test } from "vitest";
import { DEEP, Flight } from "./flight";
import type { Session, StepReport } from "./session";

/** So many steps on a GPU that takes `gpu` ms for each, in a browser that looks for results every `poll` ms. */
function play(steps: number, gpu: number, poll: number, broken?: number) {
  const clock = { now: 0, free: 0 };
  const done: number[] = [];
  const told: number[] = [];
  let ahead = 0;
  const session = {
    step: 0,
    get finished() {
      return session.step === steps;
    },
    async queue() {
      clock.free = Math.max(clock.free, clock.now) + gpu;
      const step = ++session.step;
      done[step] = Math.ceil(clock.free / poll) * poll;
      ahead = Math.max(ahead, step - told.length);
      return { landed: step === broken ? Promise.reject(new Error(`step ${step}`)) : Promise.resolve({ step } as StepReport) };
    },
  };
  // Whoever is told of a step has waited for it.
  const hear = ({ step }: StepReport) => {
    clock.now = Math.max(clock.now, done[step]);
    told.push(step);
  };
  const flight = new Flight(session as unknown as Session, hear, () => clock.now);
  const all = async () => {
    while (!session.finished) await flight.advance();
    return { ms: clock.now, told, deepest: flight.deepest, ahead };
  };
  return { all, told, flight };
}

test("where the browser looks late, several steps are on their way, and all are told in their order", async () => {
  const { ms, told, deepest, ahead } = await play(60, 1, 100).all();
  expect(told).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  expect([deepest, ahead]).toEqual([DEEP, DEEP]);
  expect(ms).toBeLessThan((60 * 100) / 2);
});

test("where the GPU takes the time, one step is on its way after the trial", async () => {
  const { told, deepest } = await play(60, 100, 1).all();
  expect([told.length, deepest]).toEqual([60, 1]);
});

test("a run shorter than the trial is told to its end", async () => {
  expect((await play(9, 1, 100).all()).told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a step that fails is said when its turn comes, after those before it", async () => {
  const run = play(60, 1, 100, 30);
  await expect(run.all()).rejects.toThrow("step 30");
  expect(run.told.at(-1)).toBe(29);
});

test("who saves between two steps waits until all on their way are told; a failure among them is the loop's", async () => {
  const { flight, told } = play(60, 1, 100);
  for (let step = 0; step < 12; step++) await flight.advance();
  expect([flight.deepest, told.length]).toEqual([DEEP, 10]);
  expect([await flight.landed(), told.length]).toEqual([true, 12]);
  const broken = play(60, 1, 100, 11);
  for (let step = 0; step < 12; step++) await broken.flight.advance();
  expect(await broken.flight.landed()).toBe(false);
  await expect(broken.flight.advance()).rejects.toThrow("step 11");
});
