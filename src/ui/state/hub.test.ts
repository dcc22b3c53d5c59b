/** The Hub in the page: nothing is asked of it before a click; what is entered, looked up, fetched, given up, refused. */
import { expect, test, vi } from "vitest";
import type { HubCommand, HubEvent } from "../../worker/hubProtocol";
import { memoryStore } from "../../worker/storage.fixture";
import { HUB_TOKEN, HubActions } from "./hub";
import { FakeWorker, openPage } from "./playground.fixture";

function open(kind: "data" | "model" = "data") {
  const workers: FakeWorker<HubCommand, HubEvent>[] = [];
  const kept = new Map<string, unknown>();
  const take = vi.fn(async () => undefined);
  const worker = () => {
    workers.push(new FakeWorker());
    return workers[workers.length - 1];
  };
  const hub = new HubActions(kind, {
    worker,
    storage: memoryStore(kept),
    keptBytes: async () => 7,
    emptyKept: async () => undefined,
    take,
  });
  return { hub, workers, kept, take, state: () => hub.store.getState() };
}

const FACTS = { name: "me/set", rows: { train: 30, test: 12 }, bytes: 100, missing: 100, notes: [] };

test("a name is looked up, then fetched, by a click each, and handed on under its word", async () => {
  const { hub, workers, take, state } = open();
  hub.enter("hf:me/set/small/train,test:30,12,spread");
  expect(state().entry).toEqual({ name: "me/set/small/train,test", train: 30, test: 12, spread: true });
  expect(workers).toEqual([]);
  hub.look();
  const word = "hf:me/set/small/train,test:30,12,spread";
  expect([workers[0].told, state().phase]).toEqual([[{ type: "look", what: "data", word }], "looking"]);
  workers[0].say({ type: "waiting", ms: 6500 });
  expect(state().waiting).toBe(7);
  workers[0].say({ type: "looked", facts: FACTS });
  expect([state().phase, state().facts, take.mock.calls.length]).toEqual(["looked", FACTS, 0]);
  hub.fetch();
  workers[0].say({ type: "progress", share: 0.5 });
  expect([workers[0].told[1], state().share]).toEqual([{ type: "fetch" }, 0.5]);
  workers[0].say({ type: "fetched", files: [], name: "me/set", notes: ["a"] });
  await vi.waitFor(() => expect(take).toHaveBeenCalledWith([], { word, name: "me/set", notes: ["a"] }));
  expect([workers[0].terminated, state().phase, state().kept]).toEqual([true, "idle", 7]);
});

test("an address copied from the Hub's page is a name, too; what is no name is refused without asking anyone", () => {
  const { hub, workers, state } = open("model");
  hub.edit({ name: " https://huggingface.co/me/vit/ " });
  hub.look();
  expect(workers[0].told).toEqual([{ type: "look", what: "model", word: "hf:me/vit" }]);
  hub.edit({ name: "two words" });
  hub.look();
  expect([workers.length, workers[0].terminated, state().refusal?.message]).toEqual([1, true, '"hf:two words" is no address of the Hub.']);
});

test("what is refused or given up ends its worker, and another entry forgets what was looked up", async () => {
  const { hub, workers, state } = open();
  hub.edit({ name: "me/set" });
  hub.look();
  workers[0].say({ type: "refused", message: "No.", remedy: "Try another." });
  expect([workers[0].terminated, state().refusal, state().phase]).toEqual([true, { message: "No.", remedy: "Try another." }, "idle"]);
  hub.look();
  workers[1].say({ type: "looked", facts: FACTS });
  hub.fetch();
  await hub.cancel();
  expect([workers[1].terminated, state().phase, state().facts]).toEqual([true, "idle", undefined]);
  hub.look();
  workers[2].say({ type: "looked", facts: FACTS });
  hub.edit({ train: 5 });
  hub.fetch();
  expect([workers[2].told.length, state().facts]).toEqual([1, undefined]);
});

test("a token is kept only where that was asked for, and goes along with what is looked up", async () => {
  const { hub, workers, kept, state } = open();
  await hub.setToken("secret", false);
  expect(kept.size).toBe(0);
  hub.edit({ name: "me/set" });
  hub.look();
  expect(workers[0].told[0]).toMatchObject({ token: "secret" });
  await hub.setToken("secret", true);
  expect(kept.get(HUB_TOKEN)).toBe("secret");
  const again = new HubActions("data", { ...open(), storage: memoryStore(kept), keptBytes: async () => 0 } as never);
  await again.open();
  expect(again.store.getState()).toMatchObject({ token: "secret", keepsToken: true });
  await hub.setToken("secret", false);
  expect([kept.size, state().token]).toEqual([0, "secret"]);
});

test("an address that names data of the Hub offers them, and stays so until they, or others, are there", async () => {
  const made = openPage("", new Map(), "hf:me/set:30,12");
  const offered = () => made.page.sources.getState().offered.data;
  expect([offered(), made.data(), made.readers.length]).toEqual(["hf:me/set:30,12", "hf:me/set:30,12", 0]);
  expect(made.told("generate")).toEqual([{ type: "generate", id: "scenes-32-8000-1000-1" }]);
  const known = { names: ["a", "b"], label: 1, test: false };
  const files = [{ path: "train/0.png", file: new File([], "0.png"), known }];
  const loading = made.page.data.loadFetched(files, { word: "hf:me/set:30,12", name: "me/set", notes: ["as given"] });
  await vi.waitFor(() => expect(made.readers[0].told).toHaveLength(2));
  expect(made.readers[0].told).toMatchObject([{ files: [{ known }] }, { origin: { kind: "files", name: "me/set", notes: ["as given"] } }]);
  made.readers[0].say({ type: "read", read: { task: "classification", packed: {}, notes: [] } });
  await loading;
  expect([offered(), made.data()]).toEqual([undefined, "hf:me/set:30,12"]);
  expect(await made.page.data.loadNamed("hf:me/set:30,12")).toBe(false);
  expect(offered()).toBeUndefined();
  await made.page.data.loadNamed("hf:me/other");
  expect(offered()).toBe("hf:me/other");
  await made.page.data.loadGenerated("shapes");
  expect([offered(), made.data()]).toEqual([undefined, "shapes"]);
});

test("a task that learns from nothing of the Hub says that it has no such images", () => {
  const made = openPage("preset=ast", new Map(), "hf:me/set");
  expect(made.page.sources.getState().offered.data).toBeUndefined();
  expect(made.page.store.getState().urlProblems[0]).toContain('There are no images called "hf:me/set" here.');
});
