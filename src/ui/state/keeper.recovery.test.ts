/** A run that is spoiled, or whose GPU is lost, goes back to what was kept, and on. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { opened } from "../../train/bundle";
import { RUN } from "../../train/checkpoint.fixture";
import type { Event } from "../../worker/protocol";
import { adapter, BYTES, failed, keptPage, list, lost, settle } from "./keeper.fixture";
import { type FakePage, phase, readyPage, runningPage, started, step } from "./playground.fixture";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

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
