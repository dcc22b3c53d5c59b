/** Recorded runs: where they come from, and a worker that tells the page of one as if it made it now. */
import { EngineError } from "../../engine/errors";
import type { Command, Event } from "../../worker/protocol";
import type { Recording, RecordingFacts } from "../../worker/recording";
import type { WorkerLike } from "./connection";

const FOLDER = "recordings";

/** How long a whole recording takes to watch, and how often the page hears of it. */
const WATCHED_MS = 45_000;
const TICK_MS = 100;
/** Into how many parts of the run it is stepped: about as many as it has pictures. */
const MOMENTS = 60;

/** The recordings that come with the page; none where the list cannot be had. */
export async function recordings(fetch: (file: string) => Promise<Blob | undefined>): Promise<RecordingFacts[]> {
  const list = await fetch(`${FOLDER}/list.json`);
  try {
    return JSON.parse((await list?.text()) ?? "[]");
  } catch {
    return [];
  }
}

/** A recording by its name. Rejects with an EngineError where it cannot be had. */
export async function fetchRecording(name: string, fetch: (file: string) => Promise<Blob | undefined>): Promise<Recording> {
  const known = (await recordings(fetch)).some((facts) => facts.name === name);
  const file = known && (await fetch(`${FOLDER}/${name}.run`));
  if (!file) throw new EngineError(`There is no recording "${name}" here.`, "Train live instead.");
  const { readRecording } = await import("../../worker/recording");
  return readRecording(file);
}

export class RecordedRun implements WorkerLike {
  onmessage: WorkerLike["onmessage"] = null;
  onerror: WorkerLike["onerror"] = null;
  /** Events told so far, and the step up to which they may be told. */
  private told = 0;
  private step = 0;
  private timer?: ReturnType<typeof setInterval>;
  private readonly steps: number;

  constructor(private readonly events: readonly Event[]) {
    this.steps = events.filter(({ type }) => type === "step").length;
  }

  postMessage(command: Command): void {
    if (command.type === "play") this.play();
    if (command.type === "pause") this.halt("paused");
    if (command.type === "step") this.advance(this.steps / MOMENTS);
    if (command.type === "stop") this.advance(this.steps);
  }

  terminate(): void {
    clearInterval(this.timer);
    this.onmessage = null;
  }

  /** From where it was halted; from the beginning after its end. */
  private play(): void {
    if (this.told >= this.events.length) this.told = this.step = 0;
    this.advance(0);
    this.tell("running");
    clearInterval(this.timer);
    this.timer = setInterval(() => this.advance((this.steps * TICK_MS) / WATCHED_MS), TICK_MS);
  }

  private halt(phase: "paused" | "finished"): void {
    clearInterval(this.timer);
    this.tell(phase);
  }

  /** Tells what happened in so many more steps; what came before the first step is told at once. */
  private advance(steps: number): void {
    this.step += steps;
    for (let event = this.events[this.told]; event; event = this.events[++this.told]) {
      if (event.type === "step" && event.report.step > this.step) return;
      // Whoever listens may turn to another worker at any event.
      this.post(event);
    }
    this.halt("finished");
  }

  private tell(phase: "running" | "paused" | "finished"): void {
    this.post({ type: "phase", phase, note: "" });
  }

  private post(event: Event): void {
    if (event.type !== "adapter") this.onmessage?.({ data: event } as MessageEvent<Event>);
  }
}
