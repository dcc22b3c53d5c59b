/** A host in Node: it keeps in memory, finds the files a test gives it at addresses, and its events can be waited for. */
import { testEngine } from "../ops/check";
import type { Settings } from "../settings/run";
import { SCHEMA } from "../tasks";
import { Host } from "./host";
import type { Command, Event } from "./protocol";
import { memoryStore } from "./storage.fixture";

/** Generated images that any wing paints fast. */
export const IMAGES = "scenes-16-24-12-3";

export const SETTINGS: Settings = {
  ...SCHEMA.defaults(),
  ...{ teacher: "none", width: 8, depth: 1, heads: 2, batch: 4, steps: 6, evaluate: 3, side: 16 },
};

type Told<T extends Event["type"]> = Extract<Event, { type: T }>;

export class TestHost {
  readonly events: Event[] = [];
  readonly store = memoryStore();
  /** Addresses that were asked for, and what there is at some. */
  readonly fetched: string[] = [];
  readonly files = new Map<string, Uint8Array>();
  readonly host: Host;
  private readonly waiting = new Set<() => void>();

  constructor(openEngine: () => ReturnType<typeof testEngine> = testEngine) {
    const post = (event: Event) => {
      this.events.push(structuredClone(event));
      for (const look of [...this.waiting]) look();
    };
    const fetch = async (url: string) => {
      this.fetched.push(url);
      return this.files.get(url);
    };
    this.host = new Host({ post, openEngine, store: this.store, fetch });
  }

  /** A host that has opened the GPU and has images. */
  static async ready(preset = "maskedkd", openEngine = testEngine): Promise<TestHost> {
    const made = new TestHost(openEngine);
    made.send({ type: "open", base: "http://localhost/", settings: SCHEMA.defaults(preset) });
    made.send({ type: "generate", id: IMAGES });
    await made.host.idle();
    return made;
  }

  send(command: Command): void {
    this.host.receive(command);
  }

  all<T extends Event["type"]>(type: T): Told<T>[] {
    return this.events.filter((event) => event.type === type) as Told<T>[];
  }

  last<T extends Event["type"]>(type: T): Told<T> {
    return this.all(type).at(-1) as Told<T>;
  }

  /** Resolves with the next event that is wanted, of those to come. */
  next<T extends Event["type"]>(type: T, wanted: (event: Told<T>) => boolean = () => true): Promise<Told<T>> {
    const from = this.events.length;
    return new Promise((resolve) => {
      const look = () => {
        const found = this.events.slice(from).find((event) => event.type === type && wanted(event as Told<T>));
        if (!found) return;
        this.waiting.delete(look);
        resolve(found as Told<T>);
      };
      this.waiting.add(look);
    });
  }

  phases(): string[] {
    return this.all("phase").map(({ phase }) => phase);
  }

  losses(): number[] {
    return this.all("step").map(({ report }) => report.losses.ce);
  }
}
