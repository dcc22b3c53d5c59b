/**
 * Series of runs on the visitor's GPU under the same seeds: an experiment sets two against each other, which go step for step, and asks
 * what their difference says of a claim; a sweep tries several values of settings, one after the other. A series is kept as it goes, so
 * that it goes on after the page was closed.
 */
import type { Agreement, Margin } from "../../metrics/paired";
import type { Settings } from "../../settings/run";
import type { Value } from "../../settings/setting";
import { SCHEMA, sameTeacherKind, taskOf } from "../../tasks";
import type { Reference } from "../../tasks/task";
import type { Event, Wanted } from "../../worker/protocol";
import { isSteered } from "./compare";
import type { Context } from "./context";
import { type Run, runOf } from "./runs";
import { scoreOf } from "./score";

/** The number rises when the shape of what is kept changes. */
export const EXPERIMENT = "experiment-1";

type Scores = readonly (number | null)[];

export interface Series {
  /** Queries of addresses, without a seed. */
  cases: readonly string[];
  seeds: number;
  /** Of each case the scores so far, of seeds 1, 2, ..., null where a run was left out; and what the teacher computed in these runs, in multiply-adds. */
  scores: readonly Scores[];
  costs?: readonly (readonly number[])[];
  /** Why it does not go on by itself. */
  halted?: string;
  /** It is halted because its run was cut off, by a lost GPU or with the page: when that goes on, so does the series. */
  cut?: boolean;
}

export interface Experiment extends Series {
  title: string;
  /** What the paper found. */
  paper: string;
  /** Sign that is claimed of the first minus the second; or a margin, in points, below which it is claimed not to fall. */
  claimed: 1 | -1 | Margin;
  cases: readonly [first: string, second: string];
  /** What the visitor expects. */
  guess?: Agreement;
  /** Why its runs go one after the other. */
  apart?: string;
}

/** A setting and the values that are tried. */
export interface Axis {
  key: string;
  values: readonly Value[];
}

/** Every combination of the axes' values is a case, the last axis the fastest. */
export interface Sweep extends Series {
  axes: readonly Axis[];
  /** What the score is called, on which images. */
  score: string;
  /** The visitor's own images, which no address can name. */
  own?: Reference;
}

export const isSweep = (series: Experiment | Sweep): series is Sweep => "axes" in series;

/** A series that has yet to begin. */
export type Fresh<S> = S extends Series ? Omit<S, "scores" | "costs" | "halted" | "cut"> : never;

const ENDED = "A run was ended before its last step.";
const CHANGED = "Its run was replaced, or steered: what came of it does not belong here.";
const CLOSED = "The page was closed.";

/** Whether what was stored is a series as it was written. */
function isSeries(stored: Partial<Experiment | Sweep> | null | undefined): stored is Experiment | Sweep {
  const { cases, scores, seeds } = stored ?? {};
  const areRuns = Array.isArray(cases) && cases.length > 0 && cases.every((query) => typeof query === "string");
  return areRuns && Array.isArray(scores) && scores.length === cases.length && scores.every(Array.isArray) && typeof seeds === "number";
}

export interface HowToRun {
  /** Whether the data that are loaded stay: it takes a visitor's own. */
  own: boolean;
  /** The query of a run that goes step for step with it. */
  beside?: string;
}

export class Experiments {
  constructor(
    private readonly context: Context,
    /** Sets a run up and starts it when its data are there. */
    private readonly begin: (query: string, how: HowToRun) => Promise<void>,
  ) {}

  /** Brings back one that was under way when the page was closed. */
  async load(): Promise<void> {
    const kept = await this.context.storage.recall<Experiment | Sweep>(EXPERIMENT);
    if (isSeries(kept) && !this.now)
      this.change(isComplete(kept) ? kept : { ...kept, halted: CLOSED, cut: kept.cut ?? kept.halted === undefined });
  }

  start(series: Fresh<Experiment | Sweep>): void {
    this.change({ ...series, scores: series.cases.map(() => []), costs: series.cases.map(() => []) });
    void this.next();
  }

  /** Goes on with the run that was to come, from its first step. */
  goOn(): void {
    if (!this.now) return;
    this.change({ ...this.now, halted: undefined, cut: undefined });
    void this.next();
  }

  /** Goes on without the run that was to come; a pair without one of its runs says nothing, so an experiment leaves out both. */
  leaveOut(): void {
    if (!this.now || isComplete(this.now)) return;
    const series = this.now;
    const { index, seed } = nextOf(series);
    const ends = (list: { length: number }, i: number) => list.length < seed && (i === index || !isSweep(series));
    const scores = series.scores.map((list, i) => (ends(list, i) ? [...list, null] : list));
    const costs = costsOf(series).map((list, i) => (ends(list, i) ? [...list, 0] : list));
    this.change({ ...series, scores, costs, halted: undefined, cut: undefined });
    void this.next();
  }

  halt(why: string, cut = false): void {
    if (this.now && !isComplete(this.now)) this.change({ ...this.now, halted: why, cut });
  }

  close(): void {
    this.context.store.setState({ experiment: undefined });
    void this.context.storage.forget(EXPERIMENT);
  }

  /** After an event has entered the store. */
  receive(event: Event): void {
    if (!this.now || isComplete(this.now)) return;
    if (event.type === "phase" && event.phase === "running") this.takeUp(this.now);
    if (this.now.halted) return;
    const isApart = event.type === "parted" || (event.type === "failed" && event.memory);
    if (isApart && !isSweep(this.now)) this.change({ ...this.now, apart: event.message });
    if (event.type === "failed") this.halt(event.message, event.fatal);
    if (event.type === "phase" && event.phase === "finished") this.finished(this.now);
  }

  /** Goes on by itself when the run that was cut off does. */
  private takeUp(series: Experiment | Sweep): void {
    const { active, changes } = this.context.store.getState();
    const isBack = series.cut && active && isAsked({ settings: active, changes }, nextOf(series).query);
    if (isBack) this.change({ ...series, halted: undefined, cut: undefined });
  }

  private get now(): Experiment | Sweep | undefined {
    return this.context.store.getState().experiment;
  }

  private finished(series: Experiment | Sweep): void {
    const { index, query, beside } = nextOf(series);
    const state = this.context.store.getState();
    const other = state.beside?.getState();
    const ended = [{ index, query, run: runOf(state) }];
    if (beside !== undefined && other) ended.push({ index: 1, query: beside, run: runOf(other) });
    const fault = ended.map(({ run, query }) => faultOf(run, query, ownOf(series))).find((one) => one !== undefined);
    if (fault !== undefined) {
      this.halt(fault);
      return;
    }
    const added = <T>(lists: readonly (readonly T[])[], of: (run: Run) => T) =>
      lists.map((list, i) => [...list, ...ended.flatMap(({ index, run }) => (run && index === i ? [of(run)] : []))]);
    const costs = added(costsOf(series), (run) => run.sums.macs ?? 0);
    this.change({ ...series, scores: added(series.scores, (run) => scoreOf(run).value), costs });
    void this.next();
  }

  private async next(): Promise<void> {
    if (!this.now || isComplete(this.now)) return;
    const own = ownOf(this.now);
    if (own && this.context.sources.getState().loaded?.data.id !== own.id) this.halt(missing(own));
    else {
      const { query, beside } = nextOf(this.now);
      await this.begin(query, { own: own !== undefined, beside });
    }
  }

  private change(experiment: Experiment | Sweep): void {
    this.context.store.setState({ experiment });
    void this.context.storage.keep(EXPERIMENT, experiment);
  }
}

const costsOf = ({ costs, cases }: Series): readonly (readonly number[])[] => costs ?? cases.map(() => []);

const ownOf = (series: Experiment | Sweep): Reference | undefined => (isSweep(series) ? series.own : undefined);

const missing = ({ name }: Reference) => `Its images, ${name}, are not here now. Open them under Data, then go on.`;

export const isComplete = ({ scores, seeds }: Series): boolean => scores.every((list) => list.length >= seeds);

export const doneOf = ({ scores }: Series): number => scores.reduce((sum, list) => sum + list.length, 0);

/** The run that comes next: which case, under which seed, and the address that sets it up; and that of the one that goes with it. */
export function nextOf(series: Experiment | Sweep): { index: number; seed: number; query: string; beside?: string } {
  const done = series.scores.map((list) => list.length);
  const index = done.indexOf(Math.min(...done));
  const seed = 1 + done[index];
  const together = !isSweep(series) && series.apart === undefined && done[0] === done[1] && goTogether(...series.cases);
  return { index, seed, query: queryOf(series, index, seed), ...(together && { beside: queryOf(series, 1, seed) }) };
}

/** Whether two runs can go step for step: they are as long, and learn from the same data and teacher. */
function goTogether(first: string, second: string): boolean {
  const [a, b] = [first, second].map(settingsIn);
  const dataOf = (query: string) => new URLSearchParams(query).get("data");
  const same = dataOf(first) === dataOf(second) && taskOf(a.preset) === taskOf(b.preset) && sameTeacherKind(a, b);
  return same && a.steps === b.steps && a.side === b.side;
}

/** The query of a case under a seed. */
export const queryOf = ({ cases }: Pick<Series, "cases">, index: number, seed: number): string => `${cases[index]}&seed=${seed}`;

/** Why a finished run is not the one that an address asks for, on a visitor's own images; undefined where it is. */
function faultOf(run: Run | undefined, query: string, own: Reference | undefined): string | undefined {
  if (!run) return ENDED;
  if (!isAsked(run, query) || (own && run.dataset?.id !== own.id)) return CHANGED;
  return run.step < run.total ? ENDED : undefined;
}

/** Whether a run is the one that an address asks for, so far; what a task measures by itself may have changed. */
export function isAsked(run: Pick<Run, "settings" | "changes">, query: string): boolean {
  const expected = settingsIn(query);
  const isMeasured = (key: string) => SCHEMA.setting(key, expected.preset).measured === true;
  return !isSteered(run) && Object.keys(expected).every((key) => isMeasured(key) || run.settings[key] === expected[key]);
}

/** The run of an address, whatever images it names. */
export function wantedIn(query: string): Wanted {
  const words = new URLSearchParams(query);
  words.delete("data");
  const { settings, given } = SCHEMA.fromPairs(words);
  return { settings, ...(given.length > 0 && { given }) };
}

/** Its settings. */
export const settingsIn = (query: string): Settings => wantedIn(query).settings;

/** What the cases differ in, and what one of them says of it: "keep=0.5", be it the default or not. */
export function ownWords({ cases }: Pick<Series, "cases">, index: number): string {
  const all = cases.map(settingsIn);
  const own = all[index];
  const keys = Object.keys(own).filter((key) => all.some((other) => other[key] !== own[key]));
  return keys.map((key) => `${key}=${own[key]}`).join(" ");
}
