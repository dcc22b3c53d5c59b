/** Runs that ended: what they were, what came of them, their curves; and which one belongs beside which. */
import { type Change, isDetection, KEYS, type Key, type Settings, settingOf, settingsOf } from "../../settings/experiment";
import type { Reference } from "../../tasks/task";
import type { ErrorReport } from "../../worker/protocol";
import { percent, short } from "../format";
import type { Evaluation, Point } from "./history";
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
  /** What errors cost its student at the end, where that was measured. */
  errors?: Pick<ErrorReport, "student" | "images">;
}

const MOST_POINTS = 200;

/** The current run as it would be kept; undefined before it was tested. What was changed after its last step never acted. */
export function runOf({ history, active, changes: all, dataset, teacher, step, errors }: State): Run | undefined {
  if (!active || !history.evaluations.length) return undefined;
  const stride = Math.ceil(history.points.length / MOST_POINTS);
  const changes = all.filter((change) => change.step < step);
  return {
    ...{ id: 0, name: "This run", colour: 0, shown: true, settings: atStart(active, all), changes, dataset },
    ...{ teacher: teacher ?? undefined, step, total: history.total, evaluations: history.evaluations, sums: history.sums },
    points: history.points.filter((_, i) => (history.points.length - 1 - i) % stride === 0),
    ...(errors?.step === step && { errors: { student: errors.student, images: errors.images } }),
  };
}

function atStart(settings: Settings, changes: Change[]): Settings {
  const undone = changes.toReversed().map(({ key, from }) => [key, from]);
  return { ...settings, ...Object.fromEntries(undone) };
}

/** Runs are a function of these: the same bits would come out. */
export function isSame(a: Run, b: Run): boolean {
  const facts = ({ settings, changes, dataset, teacher, step, evaluations }: Run) =>
    JSON.stringify([KEYS.map((key) => settings[key]), changes, dataset?.id, teacher, step, evaluations.at(-1)?.count]);
  return facts(a) === facts(b);
}

/** Whether the same score was measured on the same images. */
export function areComparable(a: Run, b: Run): boolean {
  return isDetection(a.settings.preset) === isDetection(b.settings.preset) && a.dataset?.id === b.dataset?.id;
}

/** Settings that two runs do not share, of those that play a part in both. */
export function differences(a: Settings, b: Settings): Key[] {
  return KEYS.filter((key) => a[key] !== b[key] && settingsOf(a.preset)[key] && settingsOf(b.preset)[key]);
}

/** What was changed from one run to another, in a line: "keep 50 % → 25 %, seed 1 → 2". */
export function reason(from: Settings, to: Settings): string {
  return differences(from, to)
    .map((key) => `${key} ${worded(key, from[key])} → ${worded(key, to[key])}`)
    .join(", ");
}

function worded(key: Key, value: string | number): string {
  if (key === "keep") return percent(Number(value));
  return typeof value === "number" ? short(value) : value;
}

/** How a run is related to the one it is set beside. */
export type Kinship = "baseline" | "all patches" | "masked" | "alone" | "before";

/** The run to set beside this one: the pinned one, else its pair (same seed, another mask or none), else the one before. */
export function partnerOf(now: Run, { runs, baseline }: Pick<State, "runs" | "baseline">): { run: Run; as: Kinship } | undefined {
  const others = runs.filter((run) => areComparable(run, now) && !isSame(run, now)).toReversed();
  const pinned = others.find(({ id }) => id === baseline);
  if (pinned) return { run: pinned, as: kinship(now, pinned) ?? "baseline" };
  for (const wanted of ["all patches", "masked", "alone"] as const) {
    const run = others.find((other) => kinship(now, other) === wanted);
    if (run) return { run, as: wanted };
  }
  return others[0] && { run: others[0], as: "before" };
}

const MASK = KEYS.filter((key) => settingOf(key, "maskedkd").group === "mask");

/** What a pair differs in, if it is one: everything else is the same, and nothing was changed on the way. */
function kinship(now: Run, other: Run): Exclude<Kinship, "baseline" | "before"> | undefined {
  if (isDetection(now.settings.preset)) return undefined;
  if (now.changes.length + other.changes.length > 0 || now.step !== other.step) return undefined;
  const unlike = differences(now.settings, other.settings);
  const but = (keys: readonly Key[]) => unlike.every((key) => keys.includes(key));
  const taught = (run: Run) => run.teacher !== undefined && run.settings.lambda > 0;
  if (taught(now) && !taught(other) && but([...MASK, "lambda", "temperature", "teacher"])) return "alone";
  if (now.teacher !== other.teacher || !but(MASK)) return undefined;
  if (other.settings.keep === 1 && now.settings.keep < 1) return "all patches";
  return now.settings.keep === 1 && other.settings.keep < 1 ? "masked" : undefined;
}
