/** What a run's steps cost, as the page adds it up; and what it says of a run beside it. */
import { expect, test } from "vitest";
import { buffersOf } from "../tasks/masks/words";
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

test("where a second run goes along, buffers are of both; when it goes no longer, that is said whether an experiment runs or not", () => {
  const { page, say } = readyPage("?batch=8&steps=100");
  const { wanted } = page.store.getState();
  const cost = { kept: 8, patches: 16, macs: 10, fullMacs: 25, bufferBytes: 2 ** 21 };
  say(started(wanted), { type: "cost", cost });
  expect(buffersOf(page.store.getState())).toBe("GPU buffers of student, teacher, optimizer and step: 2 MiB.");
  say({ type: "beside", event: started({ ...wanted, keep: 1 }) });
  expect(buffersOf(page.store.getState())).toBe("GPU buffers of both runs: 2 MiB.");
  say({ type: "parted", message: "The GPU has not enough free memory for this." });
  expect(page.store.getState().beside).toBeUndefined();
  expect(page.store.getState().notice).toBe("The second of the two runs goes on no longer. The GPU has not enough free memory for this.");
});
