/** A page without a browser: workers that write down the commands they get, storage in memory, an address that is a string. */
import type { Settings } from "../../settings/run";
import { SCHEMA, taskOf } from "../../tasks";
import type { DataFacts } from "../../tasks/definition";
import type { Command, Event, TeacherFacts } from "../../worker/protocol";
import type { ReadCommand, ReadEvent } from "../../worker/readerProtocol";
import type { KeyValueStore } from "../../worker/storage";
import { memoryStore } from "../../worker/storage.fixture";
import type { WorkerLike } from "./connection";
import { Playground } from "./playground";
import type { Tabs } from "./tabs";

/** A worker that does nothing but listen. */
export class FakeWorker<Told, Says> implements WorkerLike {
  onmessage: WorkerLike["onmessage"] = null;
  onerror: WorkerLike["onerror"] = null;
  readonly told: Told[] = [];
  terminated = false;

  postMessage(message: unknown): void {
    this.told.push(message as Told);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(...events: Says[]): void {
    for (const data of events) this.onmessage?.({ data } as MessageEvent<Says>);
  }

  break(message: string): void {
    this.onerror?.({ message } as ErrorEvent);
  }
}

/** Tabs of one browser: names that one at a time holds. */
export class FakeTabs implements Tabs {
  private readonly names = new Map<string, (() => void)[]>();

  async claim(name: string) {
    if (this.names.has(name)) return undefined;
    this.names.set(name, []);
    return () => {
      const waiting = this.names.get(name) ?? [];
      this.names.delete(name);
      for (const tell of waiting) tell();
    };
  }

  freed(name: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.names.get(name);
      signal.addEventListener("abort", reject);
      if (waiting) waiting.push(resolve);
      else resolve();
    });
  }

  held = async () => [...this.names.keys()];
}

export type Trainer = FakeWorker<Command, Event>;

export interface FakePage {
  page: Playground;
  /** The workers started so far, newest last. */
  trainers: Trainer[];
  readers: FakeWorker<ReadCommand, ReadEvent>[];
  kept: Map<string, unknown>;
  /** What keeps it. */
  storage: KeyValueStore;
  downloads: { name: string; bytes: Uint8Array }[];
  /** How often the browser was asked to let what is kept stay. */
  asked(): number;
  /** The query of the address as it is now. */
  query(): string;
  /** The images that the address names. */
  data(): string | undefined;
  /** Commands to the newest worker since the last call of this, of some types or all. */
  told(...types: Command["type"][]): Command[];
  say(...events: Event[]): void;
}

/** A page with this query in its address, opened. */
export function openPage(
  query = "",
  kept = new Map<string, unknown>(),
  images?: string,
  offline = false,
  fetch: (name: string) => Promise<Blob | undefined> = async (name) => new Blob([name]),
  tabs = new FakeTabs(),
): FakePage {
  let data = images;
  const trainers: Trainer[] = [];
  const readers: FakePage["readers"] = [];
  const downloads: FakePage["downloads"] = [];
  let search = query;
  let heard = 0;
  let asked = 0;
  const add = <W>(list: W[], worker: W): W => {
    list.push(worker);
    heard = 0;
    return worker;
  };
  const storage = memoryStore(kept);
  const page = new Playground({
    worker: () => add(trainers, new FakeWorker()),
    reader: () => {
      const reader = new FakeWorker<ReadCommand, ReadEvent>();
      readers.push(reader);
      return reader;
    },
    storage,
    room: {
      measure: async () => ({ used: 12e6, most: 2e9 }),
      persist: async () => void asked++,
    },
    tabs,
    eraseFiles: async () => undefined,
    address: {
      read: () => ({ settings: new URLSearchParams(search), data }),
      write: (settings) => {
        search = SCHEMA.toQuery(settings);
      },
      writeData: (word) => {
        data = word;
      },
      writeTeacher: () => undefined,
    },
    base: "https://example.org/",
    fetch: async (name) => (offline ? undefined : fetch(name)),
    download: (bytes, name) => void downloads.push({ bytes, name }),
  });
  page.connect();
  const told = (...types: Command["type"][]) => {
    const all = trainers[trainers.length - 1].told;
    const fresh = all.slice(heard);
    heard = all.length;
    return types.length ? fresh.filter(({ type }) => types.includes(type)) : fresh;
  };
  return {
    page,
    trainers,
    readers,
    kept,
    storage,
    downloads,
    asked: () => asked,
    query: () => search,
    data: () => data,
    told,
    say: (...events) => trainers.at(-1)?.say(...events),
  };
}

export const TEACHER: TeacherFacts = { id: "t", name: "Teacher", origin: "shipped", kind: "ViT" };

/** Generated data of a preset's task, as the worker describes them. */
export function loaded(preset: string, more: Partial<DataFacts> = {}, teacher: TeacherFacts | null = TEACHER): Event {
  const { side } = SCHEMA.defaults(preset);
  const data = { id: "data", name: "Data", task: taskOf(preset).name, generated: true, side, channels: 3, classes: ["a", "b"] };
  return { type: "loaded", fresh: true, data: { ...data, train: 10, test: 5, notes: [], ...more }, teacher, guide: null };
}

/** A session with these settings. */
export function started(settings: Settings, more: Partial<Extract<Event, { type: "started" }>> = {}): Event {
  const told = { type: "started", settings: { ...settings }, dataset: { id: "data", name: "Data" }, step: 0, changes: [] } as const;
  return { ...told, teacher: TEACHER, changes: [], restored: false, ...more };
}

export const phase = (to: Extract<Event, { type: "phase" }>["phase"]): Event => ({ type: "phase", phase: to, note: "" });

export const step = (number: number): Event => ({
  type: "step",
  report: { step: number, losses: { ce: 1 / number }, rates: { student: 0.5 }, lr: 1e-3, ms: 10, imagesPerSecond: 100 },
});

/** A page whose worker has loaded data and prepared a session, ready to start. */
export function readyPage(query = "", kept = new Map<string, unknown>(), tabs = new FakeTabs()): FakePage {
  const made = openPage(query, kept, undefined, false, undefined, tabs);
  const { wanted } = made.page.store.getState();
  made.say(loaded(wanted.preset), started(made.page.store.getState().wanted), phase("ready"));
  made.told();
  return made;
}

/** A page whose run is under way, some steps in. */
export function runningPage(query = "", steps = 3): FakePage {
  const made = readyPage(query);
  made.page.run.playOrPause();
  made.say(phase("running"), ...Array.from({ length: steps }, (_, i) => step(i + 1)), phase("running"));
  made.told();
  return made;
}
