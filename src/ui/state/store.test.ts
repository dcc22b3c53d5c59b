/** What a run's steps cost, as the page adds it up. */
import { expect, test } from "vitest";
import { phase, readyPage, started, step } from "./playground.fixture";

test("a step for which all that is frozen is known costs nothing of the teacher; what it would have cost counts on", () => {
  const { page, say } = readyPage("?batch=8&steps=100");
  say(started(page.store.getState().wanted), phase("running"));
  say({ type: "cost", cost: { kept: 8, patches: 16, macs: 10, fullMacs: 25, once: true, bufferBytes: 100 } });
  say({ type: "timed", time: { ms: 2, fullMs: 5, bytes: 1, fullBytes: 2, spread: { ms: [1, 3], fullMs: [4, 6], times: 9 } } });
  const told = step(1);
  if (told.type !== "step") throw new Error("no step");
  say(told, ...[2, 3].map((at) => ({ ...told, report: { ...told.report, step: at, known: true as const } })));
  const { history } = page.store.getState();
  expect(history.sums).toMatchObject({ macs: 8 * 10, fullMacs: 3 * 8 * 25, teacherMs: 2, teacherFullMs: 3 * 5 });
  expect(history.points.map(({ figures }) => figures.macs)).toEqual([80, 0, 0]);
});
