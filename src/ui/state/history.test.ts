/** Curves stay small and true however long the run; pictures stay spread over it. */
import { expect, test } from "vitest";
import { at, History, numbersOf } from "./history";

const report = (step: number) => ({ step, losses: { ce: step }, rates: { student: 0.5 }, lr: 1e-3, ms: 10, imagesPerSecond: 100 });

test("a long run has at most 500 points, each the mean of its steps", () => {
  const history = new History(2000);
  for (let step = 1; step <= 2000; step++) history.push(report(step));
  expect(history.points).toHaveLength(500);
  expect(history.points[0]).toMatchObject({ step: 4, losses: { ce: 2.5 }, smooth: { student: 0.5 }, rates: { student: 0.5 } });
  expect(history.points[499]).toMatchObject({ step: 2000, losses: { ce: 1998.5 } });
});

test("pictures are bounded, keep the first and the newest, and are found by step", () => {
  const history = new History(1000);
  for (let step = 0; step < 1000; step++) {
    history.keep("naming", "snapshot", { step, value: `at ${step}` }, 200);
    history.keep("naming", "maps", { step, value: step }, 40);
  }
  const snapshots = history.moments("naming", "snapshot");
  expect([snapshots.length, history.moments("naming", "maps").length]).toEqual([200, 40]);
  expect([snapshots[0].step, snapshots.at(-1)?.step]).toEqual([0, 999]);
  expect(Math.abs((at(snapshots, 500)?.step ?? 0) - 500)).toBeLessThan(10);
  expect([at(snapshots, -5)?.value, at(snapshots, undefined)?.value]).toEqual(["at 0", "at 999"]);
  expect(history.moments("finding", "snapshot")).toEqual([]);
});

test("a picture of the same step takes the place of the one before", () => {
  const history = new History(10);
  for (const value of ["one", "two"]) history.keep("naming", "snapshot", { step: 3, value }, 9);
  expect(history.moments("naming", "snapshot")).toEqual([{ step: 3, value: "two" }]);
});

test("a stored history goes on where it was", () => {
  const history = new History(100);
  for (let step = 1; step <= 7; step++) history.push(report(step), { macs: 1, fullMacs: 2 });
  const revived = History.revive(structuredClone(history));
  for (const one of [history, revived]) one.push({ ...report(8), rates: { student: 1 } });
  expect(revived.points).toEqual(history.points);
  expect(revived.sums).toEqual({ macs: 7, fullMacs: 14 });
});

test("a run that was kept before its first point was whole goes on", () => {
  const history = new History(2000);
  for (const step of [1, 2]) history.push(report(step));
  const revived = History.revive(structuredClone(history), 1);
  for (const step of [2, 3]) revived.push(report(step));
  expect(revived.points).toMatchObject([{ step: 3, losses: { ce: 2.5 } }]);
});

test("of what was stored its own fields alone are taken over, whatever else is called like what it does", () => {
  const stored = JSON.parse('{"total":9,"points":[],"evaluations":[],"push":5,"__proto__":{"keep":5}}');
  const revived = History.revive(stored);
  revived.push(report(1));
  revived.keep("naming", "maps", { step: 1, value: 1 }, 9);
  expect([revived.points.length, revived.moments("naming", "maps").length]).toEqual([1, 1]);
});

test("a history as earlier versions stored it still opens, without the pictures they kept", () => {
  const { views: _, ...earlier } = structuredClone(new History(50)) as History & { looks?: unknown };
  const revived = History.revive({ ...earlier, looks: [{ step: 1 }], boxLooks: [], points: [{ step: 5 }] } as unknown as History);
  expect([revived.total, revived.points, revived.views]).toEqual([50, [{ step: 5 }], {}]);
  expect("looks" in revived).toBe(false);
});

test("what is measured beside the steps is noted on the newest point, also when charts have frozen it", () => {
  const history = new History(10);
  history.push(report(1));
  for (const point of history.points) Object.freeze(point);
  history.measured("scores", { top1: 0.4 });
  history.push(report(2));
  expect(history.points.map(({ scores }) => scores)).toEqual([{ top1: 0.4 }, { top1: 0.4 }]);
});

test("a task's own numbers are noted beside the scores", () => {
  const history = new History(10);
  history.push(report(1));
  history.measured("pulls", { feature: 0.75 });
  history.push(report(2));
  expect(history.points.map((point) => numbersOf(point, "pulls"))).toEqual([{ feature: 0.75 }, { feature: 0.75 }]);
  expect(numbersOf(history.points[0], "unheard of")).toEqual({});
});

test("what was measured belongs to the newest point and those after it", () => {
  const history = new History(10);
  history.push(report(1));
  history.push(report(2));
  history.measured("scores", { map: 0.25 });
  history.push(report(3));
  expect(history.points.map(({ scores }) => scores.map)).toEqual([undefined, 0.25, 0.25]);
});
