/**
 * An experiment: two settings under the same seeds, run one after the other on the visitor's GPU, and what their difference says of a
 * claim. It is kept as it goes, so that it goes on after the page was closed.
 */
import type { Agreement, Margin } from "../../metrics/paired";
import { SCHEMA } from "../../tasks";
import type { Event } from "../../worker/protocol";
import type { Context } from "./context";
import { isSteered, type Run, runOf } from "./runs";
import { scoreOf } from "./score";

/** The number rises when the shape of what is kept changes. */
export const EXPERIMENT = "experiment-1";

export interface Experiment {
  title: string;
  /** What the paper found. */
  paper: string;
  /** Sign that is claimed of the first minus the second; or a margin, in points, below which it is claimed not to fall. */
  claimed: 1 | -1 | Margin;
  /** Queries of addresses, without a seed. */
  cases: readonly [first: string, second: string];
  seeds: number;
  /** What the visitor expects. */
  guess?: Agreement;
  /** Scores so far, of seeds 1, 2, ... */
  scores: readonly [first: readonly number[], second: readonly number[]];
  /** Why it does not go on by itself. */
  halted?: string;
}

const ENDED = "A run was ended before its last step.";
const CHANGED = "Its run was replaced, or steered: what came of it does not belong here.";
const CLOSED = "The page was closed.";

export class Experiments {
  constructor(
    private readonly context: Context,
    /** Sets a run up and starts it when its data are there. */
    private readonly begin: (query: string) => Promise<void>,
  ) {}

  /** Brings back one that was under way when the page was closed. */
  async load(): Promise<void> {
    const kept = await this.context.storage.recall<Experiment>(EXPERIMENT);
    if (kept && !this.now) this.change(isComplete(kept) ? kept : { ...kept, halted: CLOSED });
  }

  start(experiment: Omit<Experiment, "scores" | "halted">): void {
    this.change({ ...experiment, scores: [[], []] });
    void this.next();
  }

  /** Goes on with the run that was to come, from its first step. */
  goOn(): void {
    if (!this.now) return;
    this.change({ ...this.now, halted: undefined });
    void this.next();
  }

  halt(why: string): void {
    if (this.now && !isComplete(this.now)) this.change({ ...this.now, halted: why });
  }

  close(): void {
    this.context.store.setState({ experiment: undefined });
    void this.context.storage.forget(EXPERIMENT);
  }

  /** After an event has entered the store. */
  receive(event: Event): void {
    if (!this.now || this.now.halted || isComplete(this.now)) return;
    if (event.type === "failed") this.halt(event.message);
    if (event.type === "phase" && event.phase === "finished") this.finished(this.now);
  }

  private get now(): Experiment | undefined {
    return this.context.store.getState().experiment;
  }

  private finished(experiment: Experiment): void {
    const run = runOf(this.context.store.getState());
    const { index, query } = nextOf(experiment);
    const fault = run ? faultOf(run, query) : ENDED;
    if (!run || fault) {
      this.halt(fault ?? ENDED);
      return;
    }
    const scores = experiment.scores.map((list, i) => (i === index ? [...list, scoreOf(run).value] : list));
    this.change({ ...experiment, scores: scores as unknown as Experiment["scores"] });
    void this.next();
  }

  private async next(): Promise<void> {
    if (this.now && !isComplete(this.now)) await this.begin(nextOf(this.now).query);
  }

  private change(experiment: Experiment): void {
    this.context.store.setState({ experiment });
    void this.context.storage.keep(EXPERIMENT, experiment);
  }
}

export const isComplete = ({ scores: [, second], seeds }: Experiment): boolean => second.length >= seeds;

export const doneOf = ({ scores: [first, second] }: Experiment): number => first.length + second.length;

/** The run that comes next: which case, under which seed, and the address that sets it up. */
export function nextOf({ cases, scores: [first, second] }: Experiment): { index: 0 | 1; seed: number; query: string } {
  const index = first.length > second.length ? 1 : 0;
  const seed = 1 + (index ? second : first).length;
  return { index, seed, query: `${cases[index]}&seed=${seed}` };
}

/** Why a finished run is not the one that an address asks for; undefined where it is. What a task measures by itself may have changed. */
function faultOf(run: Run, query: string): string | undefined {
  const { settings, step, total } = run;
  const words = new URLSearchParams(query);
  words.delete("data");
  const { settings: expected } = SCHEMA.fromPairs(words);
  const isMeasured = (key: string) => SCHEMA.setting(key, expected.preset).measured === true;
  const differs = Object.keys(expected).some((key) => !isMeasured(key) && settings[key] !== expected[key]);
  if (differs || isSteered(run)) return CHANGED;
  return step < total ? ENDED : undefined;
}
