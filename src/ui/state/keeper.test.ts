/** Runs are kept while they go on, and go on from where they were kept. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SCHEMA } from "../../tasks";
import { BYTES, failed, keptPage, list, settle } from "./keeper.fixture";
import { type KeptRun, placeOf } from "./keptList";
import { phase, readyPage, started, step } from "./playground.fixture";
import type { Run } from "./runs";
import { SAVED_RUNS } from "./savedRuns";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a run is kept with what the page saw of it, offered when the page opens again, and goes on from there", async () => {
  const { kept } = await keptPage(new Map(), "keep=0.4");
  expect(list(kept)).toMatchObject([{ step: 3, total: 1000, what: "maskedkd: keep 50 % → 40 %", size: BYTES.length }]);
  expect(kept.get(placeOf(list(kept)[0].id))).toMatchObject({ step: 3, bytes: BYTES });
  const again = readyPage("seed=2", kept);
  await settle();
  expect(again.page.store.getState().kept).toHaveLength(1);
  await again.page.keeper.resume();
  expect(again.told()).toEqual([{ type: "restore", bytes: BYTES }]);
  again.say(started({ ...SCHEMA.defaults(), keep: 0.4 }, { step: 3, restored: true }));
  const { wanted, history } = again.page.store.getState();
  expect([wanted.keep, wanted.seed, again.query()]).toEqual([0.4, 1, "keep=0.4"]);
  // Two steps make a point of a run of a thousand.
  expect(history.points.map(({ step }) => step)).toEqual([2, 3]);
  expect(again.told()).toEqual([{ type: "play" }]);
  // It goes on in its own place.
  again.say(step(4), phase("paused"), { type: "saved", bytes: Uint8Array.of(3), step: 4 });
  await settle();
  expect(list(kept)).toMatchObject([{ step: 4 }]);
});

test("a new run takes nobody's place; the oldest of many make room, and one can be deleted or saved to a file", async () => {
  const kept = new Map<string, unknown>();
  for (let seed = 1; seed <= 7; seed++) await keptPage(kept, `seed=${seed}`);
  expect(list(kept).map(({ what }) => what)).toEqual([7, 6, 5, 4, 3, 2].map((seed) => `maskedkd: seed 1 → ${seed}`));
  expect([...kept.keys()].filter((key) => key.startsWith(placeOf("")))).toHaveLength(6);
  const made = readyPage("", kept);
  await settle();
  const [, { id }] = list(kept);
  await made.page.keeper.export(id);
  expect(made.downloads).toMatchObject([{ name: "masked-distillation-step-3.safetensors" }]);
  await made.page.keeper.list.delete(id);
  expect([list(kept).length, made.page.store.getState().kept.length, kept.has(placeOf(id))]).toEqual([5, 5, false]);
});

test("two tabs do not lose each other's runs", async () => {
  const kept = new Map<string, unknown>();
  const one = readyPage("seed=5", kept);
  await keptPage(kept, "seed=6");
  one.page.run.restart();
  one.say(started(one.page.store.getState().wanted), step(1), phase("paused"), { type: "saved", bytes: Uint8Array.of(9), step: 1 });
  await settle();
  expect(list(kept).map(({ what }) => what)).toEqual(["maskedkd: seed 1 → 5", "maskedkd: seed 1 → 6"]);
});

test("two tabs do not lose each other's finished runs, and what one deletes stays deleted", async () => {
  const kept = new Map<string, unknown>();
  const tabs = ["seed=5", "seed=6"].map((query) => readyPage(query, kept));
  const evaluation = { step: 2, count: 10, accuracy: 0.5 } as never;
  for (const { page, say } of tabs) {
    page.run.restart();
    say(started(page.store.getState().wanted), step(1), step(2));
    page.store.getState().history.evaluations.push(evaluation);
    say(phase("finished"));
    await settle();
  }
  const stored = () => (kept.get(SAVED_RUNS) as { runs: Run[] }).runs.map(({ id, name, settings }) => [id, name, settings.seed]);
  expect(stored()).toEqual([
    [1, "Run 1", 5],
    [2, "Run 2", 6],
  ]);
  tabs[1].page.savedRuns.delete(1);
  await settle();
  tabs[0].page.savedRuns.rename(2, "Other");
  await settle();
  expect(stored()).toEqual([[2, "Other", 6]]);
  expect(tabs[0].page.store.getState().runs).toMatchObject([{ id: 2, name: "Other" }]);
});

test("one button erases all that is kept; where the browser refuses, that is said", async () => {
  const made = await keptPage(new Map<string, unknown>([["teacher-data", 1]]));
  await made.page.erase();
  expect([...made.kept.keys()]).toEqual([]);
  expect(made.page.store.getState()).toMatchObject({ kept: [], runs: [], notice: expect.stringContaining("erased") });
  made.storage.erase = async () => false;
  await made.page.erase();
  expect(made.page.store.getState().notice).toContain("browser's settings");
});

test("a run is kept within ten seconds of its beginning, as often afterwards, less often if it stands still for long, and when it is paused", async () => {
  const { say, told } = readyPage();
  vi.advanceTimersByTime(60_000);
  say(started(SCHEMA.defaults()), phase("running"), step(1));
  expect(told("save")).toHaveLength(0);
  vi.advanceTimersByTime(8_000);
  say(step(2), step(3));
  expect(told("save")).toHaveLength(1);
  say({ type: "saved", bytes: new Uint8Array(40e6), step: 3, ms: 700 });
  await settle();
  vi.advanceTimersByTime(7_000);
  say(step(4));
  expect(told("save")).toHaveLength(0);
  vi.advanceTimersByTime(1_000);
  say(step(5), { type: "saved", bytes: new Uint8Array(40e6), step: 5, ms: 2000 });
  await settle();
  expect(told("save")).toHaveLength(1);
  vi.advanceTimersByTime(19_000);
  say(step(6));
  expect(told("save")).toHaveLength(0);
  vi.advanceTimersByTime(1_000);
  say(step(7), { type: "saved", bytes: new Uint8Array(40e6), step: 7, ms: 2000 }, phase("paused"));
  expect(told("save")).toHaveLength(2);
});

test("a run is not kept again while it is being written", async () => {
  const { page, say, told, storage } = readyPage();
  let written = () => {};
  const alter = storage.alter.bind(storage);
  storage.alter = async (key, edit) => {
    await new Promise<void>((resolve) => {
      written = resolve;
    });
    return alter(key, edit);
  };
  say(started(SCHEMA.defaults()), phase("running"), step(1));
  await vi.advanceTimersByTimeAsync(8_000);
  say(step(2), { type: "saved", bytes: BYTES, step: 2, ms: 1 });
  await vi.advanceTimersByTimeAsync(30_000);
  told();
  say(step(3));
  expect(told("save")).toHaveLength(0);
  written();
  await settle();
  say(step(4));
  expect(told("save")).toHaveLength(1);
  expect(page.store.getState().kept).toHaveLength(1);
});

test("a large run is kept as a file, since browsers refuse larger values, and comes back whole", async () => {
  const kept = new Map<string, unknown>();
  const made = readyPage("", kept);
  const bytes = new Uint8Array(2 ** 25).fill(7);
  made.say(started(SCHEMA.defaults()), phase("running"), step(1), phase("paused"), { type: "saved", bytes, step: 1, ms: 1 });
  await settle();
  const [{ id, size }] = list(kept);
  expect([size, (kept.get(placeOf(id)) as { bytes: Blob }).bytes.size]).toEqual([2 ** 25, 2 ** 25]);
  await made.page.keeper.resume(id);
  const [command] = made.told("restore") as unknown as { bytes: Uint8Array }[];
  expect(Buffer.compare(command.bytes, bytes)).toBe(0);
});

test.each([
  ["the clock of the day is set back", -3_600_000, 9_000],
  ["the clock of the day is set forward", 86_400_000, 1_000],
  ["the machine slept, which one clock does not count", 86_400_000, 9_000],
])("a run goes on being kept where %s", async (_, by, later) => {
  const { say, told } = readyPage();
  say(started(SCHEMA.defaults()), phase("running"), step(1));
  for (const at of [2, 3, 4]) {
    vi.setSystemTime(Date.now() + by);
    vi.advanceTimersByTime(later);
    say(step(at), { type: "saved", bytes: Uint8Array.of(1), step: at });
    expect(told("save")).toHaveLength(1);
    await settle();
  }
});

test("a save that comes to nothing does not end the keeping, nor does one that comes after the run was spoiled replace a good state", async () => {
  const { say, told, kept, page } = await keptPage();
  page.keeper.autosave();
  say({ type: "saved", step: 4 });
  page.keeper.autosave();
  expect(told("save")).toHaveLength(2);
  say(failed(), phase("paused"), { type: "saved", bytes: Uint8Array.of(9), step: 5 });
  await settle();
  expect(kept.get(placeOf(list(kept)[0].id))).toMatchObject({ step: 3, bytes: BYTES });
});

test("the curves are kept as they were when the run was, however long writing takes", async () => {
  const { say, kept, page } = await keptPage(new Map(), "steps=100");
  page.keeper.autosave();
  say(step(4), { type: "saved", bytes: Uint8Array.of(3), step: 4 }, step(5), step(6));
  await settle();
  const { history, step: at } = kept.get(placeOf(list(kept)[0].id)) as KeptRun;
  expect([at, history.points.map((point) => point.step)]).toEqual([4, [1, 2, 3, 4]]);
});

test("a kept run that cannot be opened, or that waits for its data, is left as it was, and so is the run under way in its own place", async () => {
  const kept = new Map<string, unknown>();
  await keptPage(kept, "seed=2");
  const [{ id: other }] = list(kept);
  const made = await keptPage(kept, "seed=3");
  const [{ id: mine }] = list(kept);
  made.say(phase("paused"), { type: "saved", bytes: Uint8Array.of(3), step: 3 });
  await made.page.keeper.resume(other);
  const keepIt = async (bytes: Uint8Array) => {
    made.page.keeper.autosave();
    made.say({ type: "saved", bytes, step: 3 });
    await settle();
    expect(kept.get(placeOf(other))).toMatchObject({ bytes: BYTES });
    expect(kept.get(placeOf(mine))).toMatchObject({ bytes });
  };
  made.say({ type: "missing", what: "data", wanted: { id: "x", name: "X" }, settings: SCHEMA.defaults() });
  await keepIt(Uint8Array.of(4));
  made.say(failed({ message: "the saved run is damaged or was edited.", spoiled: false }), phase("paused"));
  await keepIt(Uint8Array.of(5));
  expect(list(kept)).toHaveLength(2);
  // Once it is there it is the one that is kept.
  await made.page.keeper.resume(other);
  made.say(started({ ...SCHEMA.defaults(), seed: 2 }, { step: 3, restored: true }));
  expect(made.page.store.getState().place).toBe(other);
});

test("a run that an earlier version kept is still there", async () => {
  const { page } = readyPage();
  const { history } = page.store.getState();
  const former: KeptRun = { bytes: Uint8Array.of(7), step: 5, total: 9, history };
  const kept = new Map<string, unknown>([["run-3", former]]);
  const made = readyPage("", kept);
  await settle();
  expect(made.page.store.getState().kept).toMatchObject([{ step: 5, total: 9 }]);
  await made.page.keeper.resume();
  expect(made.told()).toEqual([{ type: "restore", bytes: Uint8Array.of(7) }]);
  expect(kept.has("run-3")).toBe(false);
});

test("on a return visit the space bar resumes, and the key for a step starts nothing; after a finished run neither does", async () => {
  const { kept } = await keptPage();
  const { page, told, say } = readyPage("", kept);
  await settle();
  page.run.stepByKey();
  page.run.playByKey();
  await settle();
  expect(told()).toEqual([{ type: "restore", bytes: BYTES }]);
  say(started(SCHEMA.defaults(), { step: 1000, restored: true }), phase("finished"));
  told();
  page.run.playByKey();
  page.run.stepByKey();
  expect(told()).toEqual([]);
});

test("the keys start, pause and step a run where none is offered", () => {
  const { page, told, say } = readyPage();
  page.run.stepByKey();
  expect(told()).toEqual([{ type: "step" }]);
  page.run.playByKey();
  say(started(SCHEMA.defaults()), phase("running"), step(1));
  page.run.playByKey();
  expect(told("start", "pause").map(({ type }) => type)).toEqual(["start", "pause"]);
});
