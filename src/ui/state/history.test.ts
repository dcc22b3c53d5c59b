/** Curves stay small and true however long the run; looks stay spread over it. */
import { expect, test } from "vitest";
import type { Look } from "../../worker/protocol";
import { at, History } from "./history";

const report = (step: number) => ({ step, losses: { ce: step }, rates: { student: 0.5 }, lr: 1e-3, ms: 10, imagesPerSecond: 100 });
const look = (step: number): Look => ({ step, student: [], attention: new Float32Array(), heads: 1 });

test("a long run has at most 500 points, each the mean of its steps", () => {
  const history = new History(2000);
  for (let step = 1; step <= 2000; step++) history.push(report(step));
  expect(history.points).toHaveLength(500);
  expect(history.points[0]).toMatchObject({ step: 4, losses: { ce: 2.5 }, smooth: { student: 0.5 }, rates: { student: 0.5 } });
  expect(history.points[499]).toMatchObject({ step: 2000, losses: { ce: 1998.5 } });
});

test("looks are bounded, keep the first and the newest, and are found by step", () => {
  const history = new History(1000);
  for (let step = 0; step < 1000; step++) history.addLook(look(step));
  expect(history.looks.length).toBeLessThanOrEqual(200);
  expect(history.looks[0].step).toBe(0);
  expect(history.looks.at(-1)?.step).toBe(999);
  expect(Math.abs((at(history.looks, 500)?.step ?? 0) - 500)).toBeLessThan(10);
  expect(at(history.looks, -5)?.step).toBe(0);
});

test("a stored history goes on where it was", () => {
  const history = new History(100);
  for (let step = 1; step <= 7; step++) history.push(report(step), { macs: 1, fullMacs: 2 });
  const revived = History.revive(structuredClone(history));
  for (const one of [history, revived]) one.push({ ...report(8), rates: { student: 1 } });
  expect(revived.points).toEqual(history.points);
  expect(revived.sums).toEqual({ macs: 7, fullMacs: 14 });
});

test("what is measured beside the steps is noted on the newest point, also when charts have frozen it", () => {
  const history = new History(10);
  history.push(report(1));
  for (const point of history.points) Object.freeze(point);
  history.measured("scores", { top1: 0.4 });
  history.push(report(2));
  expect(history.points.map(({ scores }) => scores)).toEqual([{ top1: 0.4 }, { top1: 0.4 }]);
});
