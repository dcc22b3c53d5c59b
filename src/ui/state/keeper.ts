/** Keeps runs in this browser, each in a place of its own, and brings them back: from there or from a file. */

import { EngineError } from "../../engine/errors";
import type { Settings } from "../../settings/run";
import { SCHEMA } from "../../tasks";
import type { Event } from "../../worker/protocol";
import type { Context } from "./context";
import { History } from "./history";
import { now, since } from "./instant";
import { type KeptFacts, KeptList, type KeptRun } from "./keptList";
import { reason } from "./runs";
import { busy, offered } from "./selectors";
import { Owner } from "./tabs";

/** How often a run is kept; and one that stands still for long meanwhile so seldom that this is a tenth of the time at most. */
const EVERY_MS = 8_000;
const SHARE = 1 / 10;

/** Whether the visitor's browser was asked to let what is kept stay. */
const ASKED = "asked-to-stay";

/** A run that is being restored. */
interface Coming {
  /** Where it is kept; nowhere yet if it comes from a file, or as a copy. */
  place?: string;
  /** What the page had seen of it, and of the run beside it. */
  history?: History;
  beside?: History;
  onceRestored?(): void;
}

interface HowToResume {
  play?: boolean;
  before?(): void;
  mark?: string;
}

export class RunKeeper {
  /** What each awaited "saved" event is for, in order. */
  private purposes: ("keep" | "file")[] = [];
  private coming: Coming = {};
  /** Of the run beside the one that was restored last: it comes after that. */
  private besideHistory?: History;
  /** After a failure of the run the state on the GPU is not worth keeping. */
  private spoiled = false;
  /** Ends waiting for a run that another tab has open. */
  private waiting = new AbortController();
  /** When the run was last kept, or began, and for how many milliseconds it stood still for that. */
  private keptAt = now();
  private stood = 0;
  /** How many states are being written. */
  private writes = 0;
  /** Whether it found room, and when it is tried again if not. */
  private fits = true;
  private retry?: ReturnType<typeof setTimeout>;
  /** States are written one after the other: an older one never comes last. */
  private writing: Promise<void> = Promise.resolve();
  private asked = false;

  readonly list: KeptList;
  private readonly owner: Owner;

  constructor(private readonly context: Context) {
    this.owner = new Owner(context.tabs);
    this.list = new KeptList(context, this.owner);
  }

  /** A new worker knows nothing of the commands to the one before. */
  reset(): void {
    this.purposes = [];
  }

  /** A fresh run was asked for: none that waits to be restored is wanted any more. */
  startsAnew(): void {
    this.coming = {};
    this.leaveTaken();
  }

  /** After the state on the GPU was spoiled, what was kept before is saved. */
  async saveToFile(): Promise<void> {
    if (!this.spoiled) return this.save("file");
    const { place } = this.context.store.getState();
    const kept = place && (await this.list.recall(place));
    if (kept) await this.download(kept, kept.beside !== undefined);
    else this.context.store.setState({ notice: "There is nothing to save: no good state of this run was kept." });
  }

  /** Continues a run from a file. One that is not as it was saved is refused, and what is there stays. */
  async openFile(file: File): Promise<void> {
    const { store } = this.context;
    const { openRunFile } = await import("./runFile");
    try {
      const { bytes, history, notice } = await openRunFile(file, this.adapter);
      this.restore(bytes, { history });
      store.setState({ notice });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      store.setState({ failure: { message: error.what, remedy: error.remedy, fatal: false } });
    }
  }

  private get adapter(): string {
    return this.context.store.getState().adapter?.name ?? "";
  }

  /** Continues a kept run, the newest by default; `before` is called when it is there, before it plays. `mark` is noted on its charts. */
  async resume(id = offered(this.context.store.getState())?.id, { play = true, before, mark }: HowToResume = {}): Promise<void> {
    const free = id === undefined || (await this.owner.take(id));
    if (!free) return this.context.store.setState({ taken: { id, waits: false } });
    const kept = id === undefined ? undefined : await this.list.recall(id);
    if (!kept) return this.list.offer();
    const onceRestored = () => {
      before?.();
      if (play) this.context.send({ type: "play" });
    };
    this.restoreKept(kept, { place: id, onceRestored }, mark);
  }

  /** Continues a copy of a run that another tab has open: from here on it is another run. */
  async resumeCopy(id: string): Promise<void> {
    const kept = await this.list.recall(id);
    if (!kept) return this.list.offer();
    this.restoreKept(kept, { onceRestored: () => this.context.send({ type: "play" }) });
  }

  private restoreKept({ bytes, step, history: seen, beside }: KeptRun, how: Coming, mark?: string): void {
    const history = History.revive(seen, step);
    if (mark) history.marks.push({ step, text: mark });
    this.restore(bytes, { ...how, history, beside: beside && History.revive(beside.history, beside.step) }, beside?.bytes);
  }

  /** Continues a run as soon as no other tab has it open, unless something else trains here then. */
  async resumeWhenFree(id: string): Promise<void> {
    const { store } = this.context;
    this.waiting.abort();
    this.waiting = new AbortController();
    store.setState({ taken: { id, waits: true } });
    const free = await this.owner.freed(id, this.waiting.signal).then(
      () => true,
      () => false,
    );
    if (!free) return;
    await this.list.offer();
    if (busy(store.getState()))
      store.setState({ taken: undefined, notice: "The run you waited for is free now: it is in the list of runs." });
    else await this.resume(id);
  }

  /** Lets the other tab have its run. */
  leaveTaken(): void {
    this.waiting.abort();
    this.context.store.setState({ taken: undefined });
  }

  /** Hands a kept run to the visitor as a file. */
  async export(id: string): Promise<void> {
    const kept = await this.list.recall(id);
    if (kept) await this.download(kept, kept.beside !== undefined);
  }

  /** Deletes a kept run to make room for the one under way, which is kept at once. */
  async makeRoom(id: string): Promise<void> {
    await this.list.delete(id);
    this.autosave();
  }

  /** Keeps the run as it is, unless there is nothing worth keeping. */
  autosave(): void {
    const { step, active } = this.context.store.getState();
    if (!this.spoiled && active && step > 0 && !this.purposes.includes("keep")) this.save("keep");
  }

  /** Before an event enters the store: a restored run needs its history there when it starts. */
  bringHistory(event: Event): void {
    if (event.type === "started" && event.restored && this.coming.history) this.context.store.setState({ history: this.coming.history });
  }

  /** After an event has entered the store. */
  receive(event: Event): void {
    if (event.type === "saved") this.saved(event);
    if (event.type === "started") this.started(event.restored);
    if (event.type === "beside" && event.event.type === "started" && this.besideHistory)
      this.context.store.getState().beside?.setState({ history: this.besideHistory });
    if (event.type === "step" && this.isDue()) this.autosave();
    if (event.type === "failed") this.spoiled ||= event.spoiled || event.fatal;
    if (event.type === "phase" && (event.phase === "paused" || event.phase === "finished")) this.autosave();
  }

  /** Not while one is being written: a disk may be slower than that. */
  private isDue(): boolean {
    return this.writes === 0 && since(this.keptAt) >= Math.max(EVERY_MS, this.stood / SHARE);
  }

  /**
   * Another run is there now. Only now is it the one that is kept in its place, and no other: what was asked for may have been refused, or may
   * have waited for its data.
   */
  private started(restored: boolean): void {
    const { place, onceRestored } = restored ? this.coming : {};
    this.owner.keepOnly(place, this.coming.place);
    this.besideHistory = restored ? this.coming.beside : undefined;
    if (restored) this.coming = {};
    clearTimeout(this.retry);
    this.context.store.setState({ place, taken: undefined, full: false });
    this.spoiled = false;
    this.fits = true;
    this.keptAt = now();
    this.stood = 0;
    onceRestored?.();
  }

  private save(purpose: "keep" | "file"): void {
    this.purposes.push(purpose);
    this.keptAt = now();
    this.context.send({ type: "save" });
  }

  /** Without bytes where they could not be had; a failure says why. What was asked for before the run was spoiled may have come after. */
  private saved({ bytes, step, ms = 0, beside }: Event & { type: "saved" }): void {
    const purpose = this.purposes.shift();
    if (!bytes || this.spoiled) return;
    this.stood = ms;
    const { history } = this.context.store.getState();
    if (purpose === "file") void this.download({ bytes, step, history }, beside !== undefined);
    else this.keepRun(bytes, step, beside);
  }

  private keepRun(bytes: Uint8Array, step: number, saved: Extract<Event, { type: "saved" }>["beside"]): void {
    const { history: seen, active, place = crypto.randomUUID(), beside: other } = this.context.store.getState();
    if (!active) return;
    this.context.store.setState({ place });
    // The curves go on while this is written.
    const history = structuredClone(seen);
    const beside = saved?.bytes && other && { ...saved, bytes: saved.bytes, history: structuredClone(other.getState().history) };
    const what = [active, beside && other.getState().active].flatMap((settings) => (settings ? [whatOf(settings)] : [])).join(" beside ");
    const size = bytes.length + (beside?.bytes.length ?? 0);
    const facts = { id: place, what, step, total: history.total, at: Date.now(), size };
    const run = { bytes, step, total: history.total, history, ...(beside && { beside }) };
    this.writes++;
    this.writing = this.writing.then(() => this.keep(facts, run)).finally(() => this.writes--);
  }

  private async download({ bytes, step, history }: Pick<KeptRun, "bytes" | "step" | "history">, ofTwo: boolean): Promise<void> {
    const { runFile } = await import("./runFile");
    this.context.download(await runFile(bytes, this.adapter, history), `masked-distillation-step-${step}.safetensors`);
    if (ofTwo) this.context.store.setState({ notice: "The file holds the first of the two runs." });
  }

  /** Keeps a run. Where there is no room the visitor is asked which others may go; training goes on. */
  private async keep(facts: KeptFacts, run: KeptRun): Promise<void> {
    await this.owner.take(facts.id);
    const kept = await this.list.keep(facts, run);
    if (facts.id !== this.context.store.getState().place) return;
    // Said once: who has dismissed it knows.
    if (kept !== this.fits) this.context.store.setState({ full: !kept });
    this.fits = kept;
    clearTimeout(this.retry);
    if (kept) await this.askToStay();
    else this.retry = setTimeout(() => this.autosave(), EVERY_MS);
  }

  /** Once, when there is something to lose. */
  private async askToStay(): Promise<void> {
    const { storage, room } = this.context;
    if (this.asked) return;
    this.asked = true;
    if (await storage.recall(ASKED)) return;
    await storage.keep(ASKED, true);
    await room.persist();
  }

  private restore(bytes: Uint8Array, coming: Coming, beside?: Uint8Array): void {
    this.coming = coming;
    this.waiting.abort();
    this.context.store.setState({ failure: undefined, taken: undefined });
    this.context.sources.setState({ restoring: true });
    this.context.send({ type: "restore", bytes, ...(beside && { beside }) });
  }

  /** Called when the page is about to be hidden or closed. */
  leave(): void {
    if (busy(this.context.store.getState())) this.autosave();
  }
}

/** What a run is, in words of the address. */
const whatOf = (settings: Settings): string => `${settings.preset}: ${reason(SCHEMA.defaults(settings.preset), settings) || "defaults"}`;
