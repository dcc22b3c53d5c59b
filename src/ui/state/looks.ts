/** Maps of the held-out pictures over a run, as far as they are kept with it: by them it can be set against another run. */
import { taskOf } from "../../tasks";
import type { Grid } from "../draw/grid";
import { pageOf } from "../tasks";
import type { State } from "./store";

/** A value for each cell of each picture [count, cells]. */
export interface SharedMap {
  name: string;
  grid: Grid;
  /** `kept`: 1 or 0. `times`: shown as multiples of the picture's mean, which is an even share. `shade`: from black 0 to white 1. */
  kind: "kept" | "times" | "shade";
  values: Float32Array;
  /** Of a network's features: whose, and on which level. A teacher's are the same in all its runs, so these are not compared. */
  features?: { of: "student" | "teacher"; level: number };
}

/** What was seen of the pictures at a step. */
export interface Look {
  step: number;
  maps: SharedMap[];
  /** What the student says of each picture, in a word or two. */
  says?: string[];
}

/** Looks that are kept of a run. */
const MOST = 12;

/** So many of a run's last pictures are shown with `newest`: of two runs that go together one may be a picture behind. */
const NEWEST = 2;

/**
 * Of the run under way or ended: at its tests, since runs of one length are tested at the same steps, and before its first step; with
 * `newest` at its last pictures, too.
 */
export function looksOf(state: State, newest = false): Look[] {
  const { active, history } = state;
  const compared = active && pageOf(active.preset).compared;
  if (!compared) return [];
  const tested = new Set([0, ...history.evaluations.map(({ step }) => step)]);
  const all = history.moments(taskOf(active.preset).name, compared.view);
  const moments = all.filter(({ step }) => tested.has(step));
  const stride = Math.ceil(moments.length / MOST);
  const some = new Set(moments.filter((_, i) => (moments.length - 1 - i) % stride === 0));
  const isNewest = (i: number) => newest && i >= all.length - NEWEST;
  const kept = all.filter((moment, i) => some.has(moment) || isNewest(i));
  return kept.map(({ step, value }) => ({ step, ...compared.look(value, state) }));
}
