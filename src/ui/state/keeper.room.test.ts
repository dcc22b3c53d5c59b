/** What is kept has room, a name, other tabs and other versions beside it. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SCHEMA } from "../../tasks";
import { BYTES, keptPage, list, settle } from "./keeper.fixture";
import { placeOf } from "./keptList";
import { FakeTabs, openPage, phase, readyPage, started, step } from "./playground.fixture";
import { expendable, offered, titleOf } from "./selectors";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

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
