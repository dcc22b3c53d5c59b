/** Keeps runs in this browser, each in a place of its own, and brings them back: from there or from a file. */

import { SCHEMA } from "../../tasks";
import type { Event } from "../../worker/protocol";
import type { Context } from "./context";
import { History } from "./history";
import { reason } from "./runs";
import { busy } from "./selectors";

/** The numbers rise when the shape of what is kept changes. */
export const KEPT_LIST = "kept-runs-1";
export const placeOf = (id: string): string => `kept-run-1-${id}`;
/** Where earlier versions kept their one run. */
const FORMERLY = "run-3";

/** A run as it is kept: the worker's bytes, and what the page saw of it. */
export interface KeptRun {
  bytes: Uint8Array;
  step: number;
  total: number;
  history: History;
}

/** What is said of a kept run before it is opened. */
export interface KeptFacts {
  id: string;
  /** How it differs from the defaults, in words of the address. */
  what: string;
  step: number;
  total: number;
  /** When it was kept, in milliseconds since 1970, and how many bytes it takes. */
  at: number;
  size: number;
}

/** Older ones make room. */
const MOST = 6;
/** After how long a run is kept first, and then again. */
const [FIRST_MS, AGAIN_MS] = [8_000, 30_000];

const NO_ROOM =
  "This browser does not keep the run: its storage is full or switched off. Training goes on; press Save to keep it in a file.";

export class RunKeeper {
  /** What each awaited "saved" event is for, in order. */
  private purposes: ("keep" | "file")[] = [];
  private onceRestored?: () => void;
  /** What the page had seen of the run that is being restored. */
  private brought?: History;
  /** After a failure of the run the state on the GPU is not worth keeping. */
  private spoiled = false;
  /** When the run was last kept, or began. */
  private keptAt = 0;
  private wasKept = false;

  constructor(private readonly context: Context) {}

  /** A new worker knows nothing of the commands to the one before. */
  reset(): void {
    this.purposes = [];
  }

  /** Reads which runs are kept. */
  async offer(): Promise<void> {
    await this.takeFormer();
    this.context.store.setState({ kept: await this.list() });
  }

  /** A new run gets a place of its own; those of others stay. */
  startsAnew(): void {
    this.context.store.setState({ place: undefined });
  }

  /** After the state on the GPU was spoiled, what was kept before is saved. */
  async saveToFile(): Promise<void> {
    if (!this.spoiled) return this.save("file");
    const { place } = this.context.store.getState();
    const kept = place && (await this.recall(place));
    if (kept) this.download(kept.bytes, kept.step);
    else this.context.store.setState({ notice: "There is nothing to save: no good state of this run was kept." });
  }

  async openFile(file: File): Promise<void> {
    this.context.store.setState({ place: undefined });
    this.restore(new Uint8Array(await file.arrayBuffer()), () => undefined);
  }

  /** Continues a kept run, the newest by default; `before` is called when it is there, before it plays. */
  async resume(id = this.context.store.getState().kept[0]?.id, { play = true, before = () => {} } = {}): Promise<void> {
    const kept = id === undefined ? undefined : await this.recall(id);
    if (!kept) return this.offer();
    this.context.store.setState({ place: id });
    const go = () => {
      before();
      if (play) this.context.send({ type: "play" });
    };
    this.restore(kept.bytes, go, History.revive(kept.history));
  }

  /** Hands a kept run to the visitor as a file. */
  async export(id: string): Promise<void> {
    const kept = await this.recall(id);
    if (kept) this.download(kept.bytes, kept.step);
  }

  delete(id: string): Promise<void> {
    return this.alter((list) => list.filter((run) => run.id !== id));
  }

  /** Keeps the run as it is, unless there is nothing worth keeping. */
  autosave(): void {
    const { step, active } = this.context.store.getState();
    if (!this.spoiled && active && step > 0 && !this.purposes.includes("keep")) this.save("keep");
  }

  /** Before an event enters the store: a restored run needs its history there when it starts. */
  bringHistory(event: Event): void {
    if (event.type === "started" && event.restored && this.brought) this.context.store.setState({ history: this.brought });
  }

  /** After an event has entered the store. */
  receive(event: Event): void {
    if (event.type === "saved") this.saved(event.bytes, event.step);
    if (event.type === "started") {
      this.spoiled = false;
      this.wasKept = false;
      this.keptAt = Date.now();
      if (event.restored) this.onceRestored?.();
    }
    if (event.type === "step" && Date.now() - this.keptAt >= (this.wasKept ? AGAIN_MS : FIRST_MS)) this.autosave();
    if (event.type === "failed") this.spoiled ||= event.spoiled || event.fatal;
    if (event.type === "phase" && (event.phase === "paused" || event.phase === "finished")) this.autosave();
  }

  private recall(id: string): Promise<KeptRun | undefined> {
    return this.context.storage.recall<KeptRun>(placeOf(id));
  }

  private async list(): Promise<KeptFacts[]> {
    return (await this.context.storage.recall<KeptFacts[]>(KEPT_LIST)) ?? [];
  }

  private save(purpose: "keep" | "file"): void {
    this.purposes.push(purpose);
    this.keptAt = Date.now();
    this.wasKept = true;
    this.context.send({ type: "save" });
  }

  private saved(bytes: Uint8Array, step: number): void {
    if (this.purposes.shift() === "file") this.download(bytes, step);
    else this.keepRun(bytes, step);
  }

  private keepRun(bytes: Uint8Array, step: number): void {
    const { history, active, place = crypto.randomUUID() } = this.context.store.getState();
    if (!active) return;
    this.context.store.setState({ place });
    const what = reason(SCHEMA.defaults(active.preset), active) || "defaults";
    const facts = { id: place, what: `${active.preset}: ${what}`, step, total: history.total, at: Date.now(), size: bytes.length };
    void this.keep(facts, { bytes, step, total: history.total, history });
  }

  private download(bytes: Uint8Array, step: number): void {
    this.context.download(bytes, `masked-distillation-step-${step}.safetensors`);
  }

  /** Keeps a run; where there is no room, the oldest of the others go, and that is said. */
  private async keep(facts: KeptFacts, run: KeptRun): Promise<void> {
    const { storage, store } = this.context;
    while (!(await storage.keep(placeOf(facts.id), run))) {
      const oldest = (await this.list()).filter(({ id }) => id !== facts.id).at(-1);
      if (!oldest) return store.setState({ notice: NO_ROOM });
      await this.delete(oldest.id);
      store.setState({ notice: `To make room, the kept run "${oldest.what}" of step ${oldest.step} was deleted.` });
    }
    await this.alter((list) => [facts, ...list.filter(({ id }) => id !== facts.id)].slice(0, MOST));
  }

  /** Changes the list as it is now in storage: another tab may have written to it. Runs that fall off it are removed. */
  private async alter(edit: (list: KeptFacts[]) => KeptFacts[]): Promise<void> {
    const { storage, store } = this.context;
    let before: KeptFacts[] = [];
    const after = await storage.alter<KeptFacts[]>(KEPT_LIST, (list = []) => {
      before = list;
      return edit(list);
    });
    if (!after) return;
    for (const { id } of before) if (!after.some((run) => run.id === id)) await storage.forget(placeOf(id));
    store.setState({ kept: after });
  }

  /** Takes over the run that an earlier version kept. */
  private async takeFormer(): Promise<void> {
    const former = await this.context.storage.recall<KeptRun>(FORMERLY);
    if (!former?.bytes) return;
    const { step, total, bytes } = former;
    await this.keep(
      { id: FORMERLY, what: "kept by an earlier version of this page", step, total, at: Date.now(), size: bytes.length },
      former,
    );
    await this.context.storage.forget(FORMERLY);
  }

  private restore(bytes: Uint8Array, onceRestored: () => void, seen?: History): void {
    this.brought = seen;
    this.onceRestored = onceRestored;
    this.context.store.setState({ failure: undefined });
    this.context.sources.setState({ restoring: true });
    this.context.send({ type: "restore", bytes });
  }

  /** Called when the page is about to be hidden or closed. */
  leave(): void {
    if (busy(this.context.store.getState())) this.autosave();
  }
}
