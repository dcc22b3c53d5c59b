/** Runs that ended: settings, results, curves; and which one to compare with which. */
import { atStart, type Change, type Settings } from "../../settings/run";
import type { Value } from "../../settings/setting";
import { methodOf, SCHEMA, taskOf } from "../../tasks";
import type { Reference } from "../../tasks/task";
import type { ErrorReport } from "../../worker/protocol";
import { percent, short } from "../format";
import { pageOf } from "../tasks";
import { differences, isSteered } from "./compare";
import type { Evaluation, Point } from "./history";
import type { Look } from "./looks";
import type { State } from "./store";

export interface Run {
  id: number;
  name: string;
  /** Index of its colour. */
  colour: number;
  /** Whether its curve is drawn beside the current one. */
  shown: boolean;
  /** Settings at its start, and what was changed later. */
  settings: Settings;
  changes: Change[];
  dataset?: Reference;
  teacher?: string;
  /** Steps made, and planned. */
  step: number;
  total: number;
  points: Point[];
  evaluations: Evaluation[];
  /** Totals over the run, by name. */
  sums: Record<string, number>;
  /** How often each patch of the watched pictures was kept, picture after picture, where the teacher's input was masked. */
  kept?: number[];
  /** Maps of its pictures, of the newest runs alone. */
  looks?: Look[];
  /** What errors cost its student at the end, where that was measured. */
  errors?: Pick<ErrorReport, "student" | "images">;
}

const MOST_POINTS = 200;

/** The current run as it would be kept; undefined before it was tested. What was changed after its last step never acted. */
export function runOf(state: State): Run | undefined {
  return state.history.evaluations.length ? currentRun(state) : undefined;
}

/** The current run, tested or not; undefined where there is none. */
export function currentRun(state: State): Run | undefined {
  const { history, active, changes: all, dataset, teacher, step, errors } = state;
  if (!active) return undefined;
  const kept = pageOf(active.preset).keptOf?.(state);
  const changes = all.filter((change) => change.step < step);
  return {
    ...{ id: 0, name: "This run", colour: 0, shown: true, settings: atStart(active, all), changes, dataset },
    ...{ teacher: teacher ?? undefined, step, total: history.total, evaluations: history.evaluations, sums: history.sums },
    points: thinned(history.points),
    ...(kept && { kept }),
    ...(errors?.step === step && { errors: { student: errors.student, images: errors.images } }),
  };
}

/** As many points as a kept run may have, the last among them. */
export function thinned(points: readonly Point[]): Point[] {
  const stride = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => (points.length - 1 - i) % stride === 0);
}

/** Whether two runs are the same: all that a run's result depends on is equal. */
export function isSame(a: Run, b: Run): boolean {
  const facts = ({ settings, changes, dataset, teacher, step, evaluations }: Run) =>
    JSON.stringify([
      Object.keys(SCHEMA.of(settings.preset)).map((key) => settings[key]),
      ...[changes, dataset?.id, teacher, step, evaluations.at(-1)?.count],
    ]);
  return facts(a) === facts(b);
}

/** Whether the same score was measured on the same images. */
export function areComparable(a: Run, b: Run): boolean {
  return taskOf(a.settings.preset) === taskOf(b.settings.preset) && a.dataset?.id === b.dataset?.id;
}

/** What was changed from one run to another, in a line: "keep 50 % → 25 %, seed 1 → 2". */
export function reason(from: Settings, to: Settings): string {
  const { shares } = pageOf(to.preset);
  const worded = (key: string, value: Value) => {
    if (typeof value === "string") return value;
    return shares?.includes(key) ? percent(value) : short(value);
  };
  return differences(from, to)
    .map((key) => `${key} ${worded(key, from[key])} → ${worded(key, to[key])}`)
    .join(", ");
}

/** What a run was: how it differs from the baseline, or else from the defaults. */
export function whatItWas({ settings, changes, dataset }: Pick<Run, "settings" | "changes" | "dataset">, from?: Run): string {
  const differs = reason(from?.settings ?? SCHEMA.defaults(settings.preset), settings) || (from ? "same settings" : "defaults");
  const own = dataset && !pageOf(settings.preset).generated.optionsOf(dataset.id) ? `${dataset.name}: ` : "";
  const method = from ? "" : `${methodOf(settings.preset).label}: `;
  return `${own}${method}${differs}${changes.length ? `; ${changes.length} live changes` : ""}`;
}

/** How a run can be related to this one without being its pair: it is the baseline, or the run before. */
export const BASELINE = "baseline";
export const BEFORE = "before";

/** A run beside this one, and how the two are related: a kind of pair, `BASELINE` or `BEFORE`. */
export interface Partner {
  run: Run;
  as: string;
}

/** The run to set beside this one: the pinned one, else its pair (one thing differs), else the one before. */
export function partnerOf(now: Run, { runs, baseline }: Pick<State, "runs" | "baseline">): Partner | undefined {
  const { pairs } = pageOf(now.settings.preset);
  const kindOf = (other: Run) => (isSteered(now) || isSteered(other) ? undefined : pairs?.kindOf(now, other));
  const others = runs.filter((run) => areComparable(run, now) && !isSame(run, now)).toReversed();
  const pinned = others.find(({ id }) => id === baseline);
  if (pinned) return { run: pinned, as: kindOf(pinned) ?? BASELINE };
  for (const as of pairs?.kinds ?? []) {
    const run = others.find((other) => kindOf(other) === as);
    if (run) return { run, as };
  }
  return others[0] && { run: others[0], as: BEFORE };
}
