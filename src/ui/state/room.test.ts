/** What the page asks of the browser's storage, where browsers offer all of it, a part of it, or nothing. */
import { afterEach, expect, test, vi } from "vitest";
import { browserRoom } from "./room";
import { browserTabs } from "./tabs";

afterEach(() => void vi.unstubAllGlobals());

const refuses = () => Promise.reject(new DOMException("No.", "SecurityError"));

test("the room is measured and the browser asked to let things stay, once that is not so already", async () => {
  const persist = vi.fn(async () => true);
  vi.stubGlobal("navigator", { storage: { estimate: async () => ({ usage: 3, quota: 9 }), persisted: async () => false, persist } });
  expect(await browserRoom.measure()).toEqual({ used: 3, most: 9 });
  await browserRoom.persist();
  expect(persist).toHaveBeenCalledTimes(1);
  vi.stubGlobal("navigator", { storage: { persisted: async () => true, persist } });
  await browserRoom.persist();
  expect(persist).toHaveBeenCalledTimes(1);
});

test.each<[string, object]>([
  ["no storage manager", {}],
  ["one without persist and estimate", { storage: { getDirectory: refuses } }],
  ["one that refuses", { storage: { estimate: refuses, persisted: async () => false, persist: refuses } }],
])("%s is no failure", async (_, navigator) => {
  vi.stubGlobal("navigator", navigator);
  expect(await browserRoom.measure()).toBeUndefined();
  await expect(browserRoom.persist()).resolves.toBeUndefined();
});

test("without Web Locks every tab gets the run it asks for", async () => {
  vi.stubGlobal("navigator", {});
  expect([typeof (await browserTabs.claim("run")), await browserTabs.held()]).toEqual(["function", []]);
  await expect(browserTabs.freed("run", new AbortController().signal)).resolves.toBeUndefined();
});
