/** Keeps the run in this browser now and then, and brings it back: from there or from a file. */
import type { Event } from "../../worker/protocol";
import type { Context } from "./context";
import { History } from "./history";
import { busy } from "./selectors";

/** The number rises when the shape of what is kept changes. */
export const KEPT_RUN = "run-3";

/** A run as it is kept in the browser: the worker's bytes, and what the page saw of it. */
export interface KeptRun {
  bytes: Uint8Array;
  step: number;
  total: number;
  history: History;
}

export class RunKeeper {
  /** What each awaited "saved" event is for, in order. */
  private purposes: ("keep" | "file")[] = [];
  private playOnceRestored = false;
  /** What the page had seen of the run that is being restored. */
  private brought?: History;
  /** After a failure the state on the GPU is not worth keeping. */
  private tainted = false;

  constructor(private readonly context: Context) {}

  /** A new worker knows nothing of the commands to the one before. */
  reset(): void {
    this.purposes = [];
  }

  /** Offers the kept run, if there is one. */
  async offer(): Promise<void> {
    const kept = await this.recall();
    if (kept) this.context.store.setState({ kept: { step: kept.step, total: kept.total } });
  }

  /** A new run takes the kept one's place. */
  forget(): void {
    void this.context.storage.forget(KEPT_RUN);
    this.context.store.setState({ kept: undefined });
  }

  saveToFile(): void {
    this.save("file");
  }

  async openFile(file: File): Promise<void> {
    this.restore(new Uint8Array(await file.arrayBuffer()), false);
  }

  /** Continues the run this browser kept. */
  async resume(): Promise<void> {
    const kept = await this.recall();
    if (kept) this.restore(kept.bytes, true, History.revive(kept.history));
    else this.context.store.setState({ kept: undefined });
  }

  /** Keeps the run as it is, unless there is nothing worth keeping. */
  autosave(): void {
    const { step, active } = this.context.store.getState();
    if (!this.tainted && active && step > 0 && !this.purposes.includes("keep")) this.save("keep");
  }

  /** Called now and then while the page is open. */
  autosaveIfBusy(): void {
    if (busy(this.context.store.getState())) this.autosave();
  }

  /** Before an event enters the store: a restored run needs its history there when it starts. */
  bringHistory(event: Event): void {
    if (event.type === "started" && event.restored && this.brought) this.context.store.setState({ history: this.brought });
  }

  /** After an event has entered the store. */
  receive(event: Event): void {
    if (event.type === "saved") this.saved(event.bytes, event.step);
    if (event.type === "started") {
      this.tainted = false;
      if (event.restored && this.playOnceRestored) this.context.send({ type: "play" });
    }
    if (event.type === "failed") {
      this.tainted = true;
      void this.offer();
    }
    if (event.type === "phase" && (event.phase === "paused" || event.phase === "finished")) this.autosave();
  }

  private recall(): Promise<KeptRun | undefined> {
    return this.context.storage.recall<KeptRun>(KEPT_RUN);
  }

  private save(purpose: "keep" | "file"): void {
    this.purposes.push(purpose);
    this.context.send({ type: "save" });
  }

  private saved(bytes: Uint8Array, step: number): void {
    const { history } = this.context.store.getState();
    const kept: KeptRun = { bytes, step, total: history.total, history };
    if (this.purposes.shift() === "file") this.context.download(bytes, `masked-distillation-step-${step}.safetensors`);
    else void this.context.storage.keep(KEPT_RUN, kept);
  }

  private restore(bytes: Uint8Array, play: boolean, seen?: History): void {
    this.brought = seen;
    this.playOnceRestored = play;
    this.context.store.setState({ kept: undefined, failure: undefined });
    this.context.sources.setState({ restoring: true });
    this.context.send({ type: "restore", bytes });
  }
}
