/** The browser's storage as it may behave: refused, cleared or closed under the page, written by a newer version, slow. */
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, expect, test, vi } from "vitest";
import type { KeyValueStore } from "./storage";

const NAME = "masked-distillation-playground";
let store: KeyValueStore;
let factory: IDBFactory;

beforeEach(async () => {
  factory = new IDBFactory();
  vi.stubGlobal("indexedDB", factory);
  vi.resetModules();
  store = (await import("./storage")).browserStore;
});

const settled = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The same database, as another tab has it open. */
const opened = (version?: number) => settled(factory.open(NAME, version));

test("values are kept, altered, forgotten and erased", async () => {
  expect(await store.recall("a")).toBeUndefined();
  expect(await store.keep("a", { list: Uint8Array.of(1) })).toBe(true);
  expect(await store.recall("a")).toEqual({ list: Uint8Array.of(1) });
  expect(await store.alter<number>("n", (before = 1) => before + 1)).toBe(2);
  await store.forget("a");
  expect([await store.recall("a"), await store.recall("n")]).toEqual([undefined, 2]);
  expect(await store.erase()).toBe(true);
  expect(await store.recall("n")).toBeUndefined();
});

test("what is written beside a value is written with it or not at all", async () => {
  const list = () => store.recall("list");
  await store.alter("list", (_, beside) => {
    beside.put("run", "one");
    return ["one"];
  });
  expect([await list(), await store.recall("run")]).toEqual([["one"], "one"]);
  const failing = store.alter("list", (_, beside) => {
    beside.put("run", "two");
    beside.delete("list");
    throw new DOMException("No room.", "QuotaExceededError");
  });
  expect(await failing).toBeUndefined();
  expect([await list(), await store.recall("run")]).toEqual([["one"], "one"]);
});

test("a database that is deleted under the page between two saves is made anew for the second", async () => {
  await store.keep("run", 1);
  await settled(factory.deleteDatabase(NAME));
  expect(await store.recall("run")).toBeUndefined();
  expect(await store.keep("run", 2)).toBe(true);
  expect(await store.recall("run")).toBe(2);
});

test("a connection that the browser closes, told or not, is opened again", async () => {
  const connections: IDBDatabase[] = [];
  const open = factory.open.bind(factory);
  vi.spyOn(factory, "open").mockImplementation((...words) => {
    const request = open(...words);
    request.addEventListener("success", () => connections.push(request.result as never));
    return request;
  });
  expect(await store.keep("run", 1)).toBe(true);
  connections[0].close();
  expect(await store.keep("run", 2)).toBe(true);
  connections[1].onclose?.(new Event("close"));
  expect(await store.recall("run")).toBe(2);
  expect(connections).toHaveLength(3);
});

test("a database from the future is left as it is, and known as such", async () => {
  const future = factory.open(NAME, 2);
  future.onupgradeneeded = () => void future.result.createObjectStore("values").put("theirs", "run");
  (await settled(future)).close();
  expect([await store.isNewer(), await store.recall("run"), await store.keep("run", "mine"), await store.erase()]).toEqual([
    true,
    undefined,
    false,
    false,
  ]);
  expect(await store.alter("run", () => "mine")).toBeUndefined();
  const database = await opened();
  expect(database.version).toBe(2);
  expect(await settled(database.transaction("values").objectStore("values").get("run"))).toBe("theirs");
});

test("a newer version that comes while this page is open is not held up by it", async () => {
  await store.keep("run", 1);
  expect(await store.isNewer()).toBe(false);
  (await opened(2)).close();
  expect([await store.keep("run", 2), await store.isNewer()]).toEqual([false, true]);
});

test("a browser without storage, or one that refuses at first, is no failure of the page's", async () => {
  const refused = { error: new DOMException("Not now.", "UnknownError") } as IDBOpenDBRequest;
  const open = vi.spyOn(factory, "open").mockReturnValueOnce(refused as never);
  const first = store.recall("a");
  refused.onerror?.(new Event("error"));
  expect([await first, await store.keep("a", 1), await store.recall("a")]).toEqual([undefined, true, 1]);
  open.mockRestore();
  vi.stubGlobal("indexedDB", undefined);
  vi.resetModules();
  const none = (await import("./storage")).browserStore;
  expect([await none.recall("a"), await none.keep("a", 1), await none.isNewer()]).toEqual([undefined, false, false]);
});

test("storage that does not answer is waited for five seconds, and used when it answers after all", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const request = {} as IDBOpenDBRequest;
  vi.spyOn(factory, "open").mockReturnValueOnce(request as never);
  const kept = store.keep("a", 1);
  await vi.advanceTimersByTimeAsync(5000);
  vi.useRealTimers();
  expect([await kept, await store.keep("a", 2)]).toEqual([false, false]);
  const late = factory.open(NAME, 1);
  late.onupgradeneeded = () => void late.result.createObjectStore("values");
  Object.assign(request, { result: await settled(late) });
  request.onsuccess?.(new Event("success"));
  expect([await store.keep("a", 3), await store.recall("a")]).toEqual([true, 3]);
});
