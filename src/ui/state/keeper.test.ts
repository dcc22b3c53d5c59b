/** What survives: runs kept in the browser, a lost GPU, a spoiled run, a full disk, a key pressed on a return visit. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SCHEMA } from "../../tasks";
import { opened } from "../../train/bundle";
import { writeCheckpoint } from "../../train/checkpoint";
import { RUN } from "../../train/checkpoint.fixture";
import type { Event } from "../../worker/protocol";
import { KEPT_LIST, type KeptFacts, type KeptRun, placeOf } from "./keptList";
import { type FakePage, FakeTabs, openPage, phase, readyPage, runningPage, started, step } from "./playground.fixture";
import type { Run } from "./runs";
import { SAVED_RUNS } from "./savedRuns";
import { expendable, offered, titleOf } from "./selectors";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settle = () => vi.advanceTimersByTimeAsync(0);
const failed = (more: Partial<Extract<Event, { type: "failed" }>> = {}): Event => ({
  ...{ type: "failed", message: "The loss is no longer a number.", remedy: "Lower the learning rate.", fatal: false, spoiled: true },
  ...more,
});
const lost = () => failed({ message: "The GPU was lost.", fatal: true });
const adapter = { name: "GPU", software: false } as never;

const BYTES = writeCheckpoint(RUN);

/** A run under way that was kept at its third step. */
async function keptPage(kept = new Map<string, unknown>(), query = "", tabs = new FakeTabs()): Promise<FakePage> {
  const made = readyPage(query, kept, tabs);
  made.say({ type: "adapter", facts: adapter });
  made.page.run.restart();
  made.say(started(made.page.store.getState().wanted), phase("running"), step(1), step(2), step(3));
  await vi.advanceTimersByTimeAsync(1000);
  made.page.keeper.autosave();
  expect(made.told("save")).toHaveLength(1);
  made.say({ type: "saved", bytes: BYTES, step: 3 });
  await settle();
  made.told();
  return made;
}

const list = (kept: Map<string, unknown>) => kept.get(KEPT_LIST) as KeptFacts[];

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

test("a failure that leaves the run alone does not stop it from being kept; one that spoils it does", () => {
  const { page, say, told } = runningPage();
  say(failed({ message: "notes.safetensors is no saved run.", spoiled: false }), phase("running"));
  page.keeper.autosave();
  expect(told("save")).toHaveLength(1);
  say({ type: "saved", bytes: Uint8Array.of(1), step: 3 }, failed(), phase("paused"));
  page.keeper.autosave();
  expect(told("save")).toHaveLength(0);
  // A new run is worth keeping again.
  page.run.restart();
  say(started(page.store.getState().wanted), step(1), phase("paused"));
  expect(told("save")).toHaveLength(1);
});

test("of a spoiled run the last good state is saved to a file, and it can go on from there at half the rate", async () => {
  const { page, say, told, downloads } = await keptPage();
  say(step(4), failed(), phase("paused"));
  await page.keeper.saveToFile();
  expect(downloads).toMatchObject([{ name: "masked-distillation-step-3.safetensors" }]);
  expect((await opened(downloads[0].bytes, "it")).checkpoint).toEqual(RUN);
  expect(told("save")).toEqual([]);
  page.run.backAtHalfRate();
  await settle();
  expect(told("restore")).toHaveLength(1);
  const { wanted } = page.store.getState();
  say(started({ ...wanted }, { step: 3, restored: true }));
  expect(page.store.getState().wanted.lr).toBe(Number(wanted.lr) / 2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(told("play", "set")).toEqual([{ type: "play" }, { type: "set", key: "lr", value: Number(wanted.lr) / 2 }]);
  const fresh = runningPage();
  fresh.say(failed(), phase("paused"));
  await fresh.page.keeper.saveToFile();
  expect([fresh.downloads, fresh.page.store.getState().notice]).toEqual([[], expect.stringContaining("nothing to save")]);
});

test("after a lost GPU the page opens it again and the run goes on from where it was kept", async () => {
  const { page, say, trainers, told } = await keptPage();
  say(step(4), step(5), lost(), phase("failed"));
  await settle();
  expect(trainers).toHaveLength(2);
  expect(trainers[0].terminated).toBe(true);
  expect(told().map(({ type }) => type)).toEqual(["open", "generate", "restore"]);
  expect(page.store.getState().notice).toBe("The GPU was reset at step 5; the run goes on from step 3.");
  say(started({ ...page.store.getState().wanted }, { step: 3, restored: true }));
  expect(told()).toEqual([{ type: "play" }]);
  expect(page.store.getState().history.marks).toEqual([{ step: 3, text: "GPU was reset at step 5, continued from 3" }]);
});

test("two runs that go step for step are kept in one place, come back together, also from a lost GPU, and a file holds the first", async () => {
  const made = readyPage();
  const { page, say, told, kept } = made;
  const other = { ...page.store.getState().wanted, keep: 0.25, steps: 4 };
  page.settings.change("steps", 4);
  page.run.restart({ settings: other });
  expect(told("start")).toMatchObject([{ settings: { keep: 0.5 }, beside: { settings: { keep: 0.25 } } }]);
  const beside = (...events: Event[]) => events.map((event): Event => ({ type: "beside", event }));
  say({ type: "adapter", facts: adapter }, started(page.store.getState().wanted), ...beside(started(other)), phase("running"));
  for (const at of [1, 2, 3]) say(step(at), ...beside(step(at)));
  page.keeper.autosave();
  const saved = { bytes: Uint8Array.of(2), step: 2 };
  say({ type: "saved", bytes: BYTES, step: 2, beside: saved });
  await settle();
  expect(list(kept)).toMatchObject([
    { step: 2, what: "maskedkd: steps 1,000 → 4 beside maskedkd: steps 1,000 → 4, keep 50 % → 25 %", size: BYTES.length + 1 },
  ]);
  say(lost());
  await settle();
  expect(page.store.getState().beside).toBeUndefined();
  expect(told("restore")).toEqual([{ type: "restore", bytes: BYTES, beside: saved.bytes }]);
  say({ type: "adapter", facts: adapter }, started({ ...page.store.getState().wanted }, { step: 2, restored: true }));
  say(...beside(started(other, { step: 2, restored: true })), step(3), ...beside(step(3)));
  const second = page.store.getState().beside!.getState();
  expect([second.active?.keep, second.history.points.map(({ step }) => step)]).toEqual([0.25, [1, 2, 3]]);
  expect(page.store.getState().history.points.map(({ step }) => step)).toEqual([1, 2, 3]);
  void page.keeper.saveToFile();
  say({ type: "saved", bytes: BYTES, step: 3, beside: saved });
  await vi.waitFor(() => expect(made.downloads).toHaveLength(1));
  expect(page.store.getState().notice).toBe("The file holds the first of the two runs.");
  // A run of another kind is one alone again.
  page.run.restart();
  say(started(page.store.getState().wanted));
  expect([page.store.getState().beside, told("start").at(-1)]).toEqual([undefined, expect.not.objectContaining({ beside: saved })]);
});

test("a run for which the GPU has too little memory can start again with half the batch", () => {
  const { page, say, told } = runningPage("batch=24");
  say(failed({ message: "Too little memory.", memory: true }), phase("paused"));
  page.run.restartAtHalfBatch();
  expect(told("start")).toMatchObject([{ settings: { batch: 12 } }]);
});

test("a GPU lost before the first save is said truly; lost three times in a minute it is not opened again", async () => {
  const early = runningPage();
  early.say({ type: "adapter", facts: adapter }, lost(), phase("failed"));
  await settle();
  expect(early.page.store.getState().notice).toContain("before this run was kept");
  const { page, say, trainers } = await keptPage();
  for (let time = 1; time <= 3; time++) {
    say({ type: "adapter", facts: adapter }, started({ ...page.store.getState().wanted }, { step: 3, restored: true }), step(4), lost());
    await settle();
  }
  expect(trainers).toHaveLength(3);
  expect(page.store.getState().notice).toContain("3 times within a minute");
});

test("a run goes on, too, where what the lost GPU refused was told first; one that was paused, or gone back to, stays paused", async () => {
  const again = (page: FakePage["page"]) => started({ ...page.store.getState().wanted }, { step: 3, restored: true });
  const { page, say, told } = await keptPage();
  say(step(4), failed({ message: "The GPU refused a command." }), phase("paused"), lost(), phase("failed"));
  await settle();
  say({ type: "adapter", facts: adapter }, again(page), phase("paused"));
  expect(told("play")).toHaveLength(1);
  const paused = await keptPage();
  paused.say(step(4), phase("paused"), lost(), phase("failed"));
  await settle();
  paused.say({ type: "adapter", facts: adapter }, again(paused.page), phase("paused"));
  expect(paused.told("play")).toEqual([]);
  const back = await keptPage();
  back.say(step(4), failed(), phase("paused"), again(back.page), phase("paused"), lost(), phase("failed"));
  await settle();
  back.say({ type: "adapter", facts: adapter }, again(back.page), phase("paused"));
  expect(back.told("play")).toEqual([]);
});

test("a GPU that is lost again before the run is under way does not leave it standing", async () => {
  const { page, say, told } = await keptPage();
  say(step(4), lost());
  await settle();
  say(
    { type: "adapter", facts: adapter },
    started({ ...page.store.getState().wanted }, { step: 3, restored: true }),
    phase("paused"),
    lost(),
  );
  await settle();
  say(started({ ...page.store.getState().wanted }, { step: 3, restored: true }), phase("paused"));
  expect(told("play")).toHaveLength(1);
});

test.each([
  ["at once, with the run still on its way from storage", async () => {}],
  ["later, when the run was sent to it already", settle],
])("a GPU that is lost while it is opened again, %s, is opened once more, and the run goes on", async (_, meanwhile) => {
  const { page, say, told, trainers } = await keptPage();
  say({ type: "adapter", facts: adapter }, step(4), step(5), lost());
  await meanwhile();
  // What the worker before says after it was given up is not heard.
  trainers[0].say(phase("failed"), step(6));
  expect([page.store.getState().phase, page.store.getState().step]).toEqual(["opening", 0]);
  say(lost());
  await settle();
  expect([trainers.length, page.store.getState().phase]).toEqual([3, "opening"]);
  expect(page.store.getState().notice).toBe("The GPU was reset at step 5; the run goes on from step 3.");
  expect(told("restore")).toHaveLength(1);
  say({ type: "adapter", facts: adapter }, started({ ...page.store.getState().wanted }, { step: 3, restored: true }));
  expect(told("play")).toHaveLength(1);
  const { history, place } = page.store.getState();
  expect(history.marks).toEqual([{ step: 3, text: "GPU was reset at step 5, continued from 3" }]);
  expect(page.store.getState().kept.map(({ id }) => id)).toEqual([place]);
});

test("a GPU that is lost three times while it is opened again is left alone, and that is said", async () => {
  const { page, say, told, trainers } = await keptPage();
  say(step(4), lost());
  for (let time = 0; time < 2; time++) {
    await settle();
    say(lost());
  }
  say(phase("failed"));
  await settle();
  expect([trainers.length, page.store.getState().phase]).toEqual([3, "failed"]);
  expect(page.store.getState().notice).toContain("3 times within a minute");
  told();
  // Two clicks bring it back: the GPU, and the run.
  page.connect();
  await settle();
  expect(told("restore")).toHaveLength(0);
  await page.keeper.resume();
  expect(told("restore")).toHaveLength(1);
});

test("losses count as within a minute by the clock that has gone further: one may be set back, and one stands still while the machine sleeps", async () => {
  const lose = async ({ page, say }: FakePage) => {
    say({ type: "adapter", facts: adapter }, started({ ...page.store.getState().wanted }, { step: 3, restored: true }), step(4), lost());
    await settle();
  };
  const setBack = await keptPage();
  for (let time = 0; time < 5; time++) {
    await lose(setBack);
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(40_000);
  }
  expect(setBack.trainers).toHaveLength(6);
  const asleep = await keptPage();
  for (let time = 0; time < 5; time++) {
    await lose(asleep);
    vi.setSystemTime(Date.now() + 3_600_000);
  }
  expect(asleep.trainers).toHaveLength(6);
});

test("where storage is full that is said at once, older runs are offered to make room, and then the run is kept", async () => {
  const kept = new Map<string, unknown>();
  for (const seed of [2, 3]) await keptPage(kept, `seed=${seed}`);
  const full = readyPage("seed=4", kept);
  const { alter } = full.storage;
  let room = false;
  full.storage.alter = async (name, edit) => {
    let writes = false;
    const put = () => {
      writes = true;
    };
    const makeRoom = () => {
      room = true;
    };
    edit(kept.get(name) as never, { put, delete: makeRoom });
    return writes && !room ? undefined : alter(name, edit);
  };
  full.page.run.restart();
  full.say(started(full.page.store.getState().wanted), step(1), phase("paused"), { type: "saved", bytes: Uint8Array.of(4), step: 1 });
  await settle();
  const { page } = full;
  expect([page.store.getState().full, list(kept).length]).toEqual([true, 2]);
  const [oldest] = expendable(page.store.getState());
  expect(oldest.what).toBe("maskedkd: seed 1 → 2");
  full.told();
  await page.keeper.makeRoom(oldest.id);
  expect(full.told("save")).toHaveLength(1);
  full.say({ type: "saved", bytes: Uint8Array.of(4), step: 1 });
  await settle();
  expect(page.store.getState().full).toBe(false);
  expect(list(kept).map(({ what }) => what)).toEqual(["maskedkd: seed 1 → 4", "maskedkd: seed 1 → 3"]);
  // What was kept before stays where a later state finds no room.
  room = false;
  full.say(step(2), phase("paused"), { type: "saved", bytes: Uint8Array.of(5), step: 2 });
  await settle();
  expect(page.store.getState().full).toBe(true);
  expect(kept.get(placeOf(list(kept)[0].id))).toMatchObject({ step: 1, bytes: Uint8Array.of(4) });
  // It is tried again by itself, also while the run is paused; who has dismissed the question is not asked again.
  page.store.setState({ full: false });
  full.told();
  await vi.advanceTimersByTimeAsync(8_000);
  expect(full.told("save")).toHaveLength(1);
  full.say({ type: "saved", bytes: Uint8Array.of(6), step: 2 });
  await settle();
  expect(page.store.getState().full).toBe(false);
  room = true;
  await vi.advanceTimersByTimeAsync(8_000);
  full.say({ type: "saved", bytes: Uint8Array.of(7), step: 2 });
  await settle();
  expect(kept.get(placeOf(list(kept)[0].id))).toMatchObject({ step: 2, bytes: Uint8Array.of(7) });
});

test("a pinned run stays however many come, under the name it was given; others make room", async () => {
  const kept = new Map<string, unknown>();
  const first = await keptPage(kept, "seed=1");
  const [{ id }] = list(kept);
  await first.page.keeper.list.pin(id);
  await first.page.keeper.list.rename(id, "The good one");
  // Kept again, it keeps both.
  first.say(step(4), phase("paused"), { type: "saved", bytes: Uint8Array.of(3), step: 4 });
  await settle();
  for (let seed = 2; seed <= 9; seed++) await keptPage(kept, `seed=${seed}`);
  expect(list(kept)).toHaveLength(7);
  expect(list(kept).at(-1)).toMatchObject({ name: "The good one", pinned: true, step: 4 });
  expect(expendable({ kept: list(kept), elsewhere: [] }).map(titleOf)[0]).toBe("maskedkd: seed 1 → 4");
});

test("the browser is asked once to let what is kept stay, and its room is known", async () => {
  const kept = new Map<string, unknown>();
  const one = await keptPage(kept);
  one.say(step(4), phase("paused"), { type: "saved", bytes: Uint8Array.of(3), step: 4 });
  await settle();
  expect(one.asked()).toBe(1);
  expect(one.page.store.getState().disk).toEqual({ used: 12e6, most: 2e9 });
  expect((await keptPage(kept)).asked()).toBe(0);
});

test("a run that another tab has open is not offered; asked for, it goes on as a copy or when it is closed there", async () => {
  const kept = new Map<string, unknown>();
  const tabs = new FakeTabs();
  const one = await keptPage(kept, "", tabs);
  const two = readyPage("", kept, tabs);
  await settle();
  const [{ id }] = list(kept);
  expect(offered(two.page.store.getState())).toBeUndefined();
  await two.page.keeper.resume(id);
  expect([two.told(), two.page.store.getState().taken]).toEqual([[], { id, waits: false }]);
  await two.page.keeper.resumeCopy(id);
  expect(two.told()).toEqual([{ type: "restore", bytes: BYTES }]);
  two.say(started(SCHEMA.defaults(), { step: 3, restored: true }), step(4), phase("paused"));
  two.say({ type: "saved", bytes: Uint8Array.of(7), step: 4 });
  await settle();
  expect(list(kept).map(({ step }) => step)).toEqual([4, 3]);
  const three = readyPage("", kept, tabs);
  await settle();
  void three.page.keeper.resumeWhenFree(id);
  await settle();
  expect(three.told()).toEqual([]);
  one.page.run.restart();
  one.say(started(SCHEMA.defaults()));
  await settle();
  expect(three.told()).toEqual([{ type: "restore", bytes: BYTES }]);
  three.say(started(SCHEMA.defaults(), { step: 3, restored: true }));
  expect(three.page.store.getState()).toMatchObject({ place: id, taken: undefined });
});

test("what one tab keeps, renames or erases shows in the others at once", async () => {
  const kept = new Map<string, unknown>();
  const other = readyPage("", kept);
  const one = await keptPage(kept);
  await settle();
  expect(other.page.store.getState().kept).toMatchObject([{ step: 3 }]);
  await one.page.keeper.list.rename(list(kept)[0].id, "Mine");
  await settle();
  expect(other.page.store.getState().kept).toMatchObject([{ name: "Mine" }]);
  await one.page.erase();
  await settle();
  expect(other.page.store.getState()).toMatchObject({ kept: [], runs: [] });
});

test("what a newer version of the page keeps is left alone, and that is said", async () => {
  const made = openPage();
  made.storage.isNewer = async () => true;
  await made.page.open(false);
  expect(made.page.store.getState().notice).toContain("newer version");
});

test("a page without storage opens and trains", () => {
  const made = openPage();
  expect(made.page.store.getState().kept).toEqual([]);
});

/** What the page hands out as the file of the run under way. */
async function savedFile({ page, say, downloads }: FakePage, step: number): Promise<File> {
  await page.keeper.saveToFile();
  say({ type: "saved", bytes: BYTES, step });
  await vi.waitFor(() => expect(downloads).toHaveLength(1));
  return new File([downloads[0].bytes as BlobPart], "mine.safetensors");
}

test("a run's file brings its curves to another browser, which verifies it and says that it is another GPU", async () => {
  const file = await savedFile(await keptPage(), 3);
  const other = readyPage("seed=9");
  other.say({ type: "adapter", facts: { ...(adapter as object), name: "Other" } as never });
  await other.page.keeper.openFile(file);
  expect(other.told("restore")).toHaveLength(1);
  other.say(started(SCHEMA.defaults(), { step: 3, restored: true }));
  const { history, notice } = other.page.store.getState();
  expect(history.points.map(({ step, losses }) => [step, losses.ce])).toEqual([
    [2, 0.75],
    [3, 1 / 3],
  ]);
  expect(history.marks).toEqual([{ step: 3, text: "other GPU" }]);
  expect(notice).toMatch(/mine\.safetensors is as it was saved\. It was made on GPU; on Other it goes on/);
  other.say(step(4));
  expect(other.page.store.getState().history.points.at(-1)?.step).toBe(4);
});

test("a file that was edited, cut, or is none is refused by name, and the run under way stays as it is", async () => {
  const bytes = new Uint8Array(await (await savedFile(await keptPage(), 3)).arrayBuffer());
  const made = await keptPage();
  const before = made.page.store.getState();
  const edited = bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));
  for (const [content, why] of [
    [edited, /mine\.safetensors is damaged or was edited: .*student/],
    [bytes.subarray(0, 900), /mine\.safetensors: .*truncated/],
    [Uint8Array.of(5), /mine\.safetensors: only 1 bytes/],
  ] as const) {
    await made.page.keeper.openFile(new File([content as BlobPart], "mine.safetensors"));
    expect(made.page.store.getState()).toEqual({ ...before, failure: expect.objectContaining({ message: expect.stringMatching(why) }) });
  }
  expect(made.told("restore")).toEqual([]);
});
