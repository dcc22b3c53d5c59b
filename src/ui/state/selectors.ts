/** What follows from the state, for all who show it or act on it. */
import { SCHEMA, taskOf } from "../../tasks";
import type { TeacherTime } from "../../tasks/task";
import type { KeptFacts } from "./keptList";
import type { State } from "./store";

/** The step shown: that under the pointer, the chosen one, or undefined for the newest. */
export const shownStep = ({ hover, pinned }: State): number | undefined => hover ?? pinned;

/** Whether a run is past its first step. */
export const begun = ({ step }: State): boolean => step > 0;

/** The method the page is about: that of the run, or before it begins the chosen one. */
export const presetOf = (state: State): string => (begun(state) && state.active ? state.active : state.wanted).preset;

/** The kept run that a visitor may want back: the newest that no other tab has open, before another has begun. */
export const offered = (state: State): KeptFacts | undefined =>
  begun(state) ? undefined : state.kept.find(({ id }) => !state.elsewhere.includes(id));

/** What a kept run is called. */
export const titleOf = ({ name, what }: KeptFacts): string => name ?? what;

/** Kept runs that may go to make room, the oldest first. */
export const expendable = ({ kept, elsewhere, place }: Pick<State, "kept" | "elsewhere" | "place">): KeptFacts[] =>
  kept.filter(({ id, pinned }) => !pinned && id !== place && !elsewhere.includes(id)).toReversed();

/** What was last kept of the run under way. */
export const lastKept = ({ kept, place }: State): KeptFacts | undefined => kept.find(({ id }) => id === place);

export const busy = ({ phase }: State): boolean => phase === "running" || phase === "compiling";

/** The teacher's time once it has been measured so often that its spread says something; before that no time is told anywhere. */
export function repeated(time: State["teacherTime"]): (TeacherTime & { spread: NonNullable<TeacherTime["spread"]> }) | undefined {
  return time?.spread && time.spread.times >= REPEATED ? { ...time, spread: time.spread } : undefined;
}

const REPEATED = 3;

/** How long a run that trains will take to its end, at the pace of its last steps; undefined before that is known. */
export function secondsLeft(state: Pick<State, "active" | "step" | "phase" | "history" | "beside">): number | undefined {
  const { phase, beside, history } = state;
  if (phase !== "running") return undefined;
  const [own, other = 0] = [ownSeconds(state), beside && ownSeconds(beside.getState())];
  if (own === undefined) return undefined;
  return history.overlapping ? Math.max(own, other) : own + other;
}

function ownSeconds({ active, step, history: { imagesPerSecond } }: Pick<State, "active" | "step" | "history">): number | undefined {
  return active && imagesPerSecond > 0 ? ((active.steps - step) * Number(active.batch)) / imagesPerSecond : undefined;
}

/** Whether a run is at its planned end, or was stopped. */
export const finished = ({ active, step, phase }: State): boolean =>
  active !== undefined && (phase === "finished" || (step >= active.steps && phase === "paused"));

/** Settings that differ from those of the run and act only with a new one. */
export function waiting({ active, wanted }: State): string[] {
  if (!active) return [];
  const next = Object.entries(SCHEMA.of(wanted.preset)).filter(([, { when }]) => when === "next");
  return next.map(([key]) => key).filter((key) => active[key] !== wanted[key]);
}

/** Whether a setting of the panel differs from the run's and can be changed while the run goes on. */
export function actsOnRun(key: string, { active, wanted }: State): boolean {
  if (!active || taskOf(active.preset) !== taskOf(wanted.preset)) return false;
  return SCHEMA.of(active.preset)[key]?.when === "live" && key in wanted && active[key] !== wanted[key];
}
