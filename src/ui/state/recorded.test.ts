/** Recorded runs on the page: they show as runs do, nothing of them is kept, and a worker takes over when there is something to do. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Settings } from "../../settings/run";
import { RECORDING, type Recording, writeRecording } from "../../worker/recording";
import { loaded, openPage, phase, started, step } from "./playground.fixture";
import { SAVED_RUNS } from "./savedRuns";

const STEPS = 30;

async function recordings(): Promise<Record<string, Blob>> {
  const { page } = openPage();
  // As if it had been recorded before there was one of the settings.
  const { frozen, ...known } = page.store.getState().wanted;
  const settings = { ...known, keep: 0.25, steps: STEPS } as Settings;
  const facts = { name: "r", title: "R", about: "About it.", preset: settings.preset, data: "shapes:60,40" };
  const steps = Array.from({ length: STEPS }, (_, i) => step(i + 1));
  const tested = { type: "evaluated", step: STEPS, scores: { top1: 0.5 }, count: 40 } as const;
  const measuring = { type: "measuring", share: 0 } as const;
  const events = [loaded(settings.preset), started(settings), ...steps, tested, measuring];
  const recording: Recording = { version: RECORDING, ...facts, settings, events };
  return {
    "recordings/list.json": new Blob([JSON.stringify([facts])]),
    "recordings/r.run": new Blob([(await writeRecording(recording)) as BlobPart]),
  };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

async function watching(query = "") {
  const files = await recordings();
  const opened = openPage(query, undefined, undefined, false, async (file) => files[file]);
  await opened.page.watch("r");
  return opened;
}

test("a recording plays to its end like a run, and nothing of it is kept", async () => {
  const { page, kept } = await watching();
  expect(page.store.getState()).toMatchObject({ phase: "running", watching: { title: "R" }, wanted: { keep: 0.25, frozen: "off" } });
  vi.advanceTimersByTime(20_000);
  expect(page.store.getState().history.points.length).toBeGreaterThan(5);
  expect(page.store.getState().history.points.length).toBeLessThan(STEPS);
  vi.advanceTimersByTime(30_000);
  expect(page.store.getState()).toMatchObject({ phase: "finished", step: STEPS, runs: [] });
  expect(page.store.getState().history.evaluations).toHaveLength(1);
  expect([...kept.keys()]).not.toContain(SAVED_RUNS);
});

test("what a recording began and never ended does not go on for ever", async () => {
  const { page } = await watching();
  page.run.stop();
  expect(page.store.getState().measuring).toBeUndefined();
});

test("it halts, goes on where it was, and begins anew after its end", async () => {
  const { page } = await watching();
  vi.advanceTimersByTime(10_000);
  page.run.playOrPause();
  const { length } = page.store.getState().history.points;
  vi.advanceTimersByTime(60_000);
  expect(page.store.getState().history.points).toHaveLength(length);
  page.run.playOrPause();
  page.run.stop();
  expect(page.store.getState()).toMatchObject({ phase: "finished", step: STEPS });
  page.run.playOrPause();
  expect(page.store.getState()).toMatchObject({ phase: "running", step: 0 });
});

test("it is stepped through, by the key for a step too", async () => {
  const { page, trainers } = await watching();
  const before = trainers.length;
  page.run.playOrPause();
  for (let i = 0; i < 10; i++) page.run.stepByKey();
  expect(page.store.getState()).toMatchObject({ phase: "paused", watching: { name: "r" } });
  expect(page.store.getState().history.points).toHaveLength((10 * STEPS) / 60);
  expect(trainers).toHaveLength(before);
});

test("it goes to its end at once, before its first step too", async () => {
  const { page } = await watching();
  page.run.stop();
  expect(page.store.getState()).toMatchObject({ phase: "finished", step: STEPS });
});

test("a changed setting stays in the panel; trained live, its data and settings are those of the recording and of the panel", async () => {
  const { page, trainers, data, say } = await watching();
  const before = trainers.length;
  page.settings.change("keep", 0.4);
  expect(page.store.getState().watching).toBeDefined();
  page.trainLive();
  expect(trainers).toHaveLength(before + 1);
  expect(page.store.getState()).toMatchObject({ watching: undefined, wanted: { keep: 0.4, steps: STEPS } });
  expect(data()).toBe("shapes:60,40");
  const { told } = trainers[trainers.length - 1];
  expect(told.map(({ type }) => type)).toEqual(["open", "generate"]);
  say(loaded("maskedkd"), started(page.store.getState().wanted), phase("ready"));
  expect(told.at(-1)).toMatchObject({ type: "start", settings: { keep: 0.4 } });
});

test("trained live in the middle of it, no step of the recording shows any more: the run begins at none", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  const { page, trainers, say } = await watching();
  // A step has just come, and has yet to be shown.
  while (page.store.getState().history.points.length < 3) vi.advanceTimersByTime(10);
  page.trainLive();
  vi.advanceTimersByTime(1000);
  expect(page.store.getState().step).toBe(0);
  say(loaded("maskedkd"));
  expect(trainers[trainers.length - 1].told.at(-1)).toMatchObject({ type: "start" });
});

test("whatever only a worker can do opens one first", async () => {
  const { page, trainers } = await watching();
  const before = trainers.length;
  await page.data.loadGenerated("shapes");
  expect(trainers).toHaveLength(before + 1);
  expect(page.store.getState().watching).toBeUndefined();
});

test("an unknown recording is told, and what is shown stays", async () => {
  const { page } = await watching();
  await page.watch("gone");
  expect(page.store.getState()).toMatchObject({ notice: expect.stringContaining('no recording "gone"'), watching: { name: "r" } });
});

test("an address without a word opens on the first recording; one that says something opens a worker", async () => {
  const files = await recordings();
  const fetch = async (file: string) => files[file];
  const bare = openPage("", undefined, undefined, false, fetch);
  await bare.page.open(true);
  expect(bare.page.store.getState().watching).toMatchObject({ name: "r" });
  const still = openPage("", undefined, undefined, false, fetch);
  await still.page.open(false);
  expect(still.page.store.getState().watching).toBeUndefined();
  const asked = openPage("keep=0.3", undefined, undefined, false, fetch);
  await asked.page.open(true);
  expect(asked.page.store.getState()).toMatchObject({ watching: undefined, phase: "opening" });
});

test("without a GPU a recording plays, and what is wrong stays to be read", async () => {
  const files = await recordings();
  const { page, say } = openPage("keep=0.3", undefined, undefined, false, async (file) => files[file]);
  say({ type: "failed", message: "No WebGPU.", remedy: "Update.", fatal: true, spoiled: false });
  await vi.waitFor(() => expect(page.store.getState().watching).toBeDefined());
  expect(page.store.getState().failure).toMatchObject({ message: "No WebGPU.", fatal: true });
});
