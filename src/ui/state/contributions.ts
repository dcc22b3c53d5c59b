/** What each term adds to the loss of a step: its value times the weight that it then had. */
import { atStart, type Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";
import { methodOf, SCHEMA } from "../../tasks";
import type { Numbers, Point } from "./history";
import type { Run as Ended } from "./runs";
import type { State } from "./store";

type Run = Pick<State, "active" | "wanted" | "changes" | "teacher">;

/** The settings by which a step was made: those of now, without what was changed after it; of now where no step is named. */
export function settingsAt({ active, wanted, changes }: Run, step: number | undefined): Settings {
  if (step === undefined || !active) return active ?? wanted;
  return atStart(
    active,
    changes.filter((change) => change.step >= step),
  );
}

/** The weight of each term of a loss. Those that no setting weighs, such as a detector's own, count as they are. */
export function weightsOf(losses: Numbers, settings: Settings, taught: boolean): Numbers {
  return Object.fromEntries(Object.keys(losses).map((term) => [term, weightOf(term, settings, taught)]));
}

function weightOf(term: string, settings: Settings, taught: boolean): number {
  const key = weightKeyOf(term, settings.preset);
  if (!key || (key === LABELS && !taught)) return 1;
  return Number(settings[key]);
}

/** The setting that weighs the labels of classification, where there is a teacher beside them. */
const LABELS = "labels";

/** The setting that weighs a term. A loss that comes beside a method's own has the name of its owner, whose weight is its beta. */
function weightKeyOf(term: string, preset: string): string | undefined {
  const own = methodOf(preset).terms[term];
  const key = own ? keyOf(preset, own.weight) : term === "ce" ? LABELS : keyOf(term, "beta");
  return key in SCHEMA.of(preset) ? key : undefined;
}

/** Whether a method's losses are a weighted sum, so that there is something to tell apart from raw values. */
export const isWeighted = (preset: string): boolean => Object.keys(methodOf(preset).terms).length > 0;

/** The terms of a step's loss as they are added. */
export function contributionsOf(losses: Numbers, run: Run, step: number): Numbers {
  const weights = weightsOf(losses, settingsAt(run, step), run.teacher !== null);
  return Object.fromEntries(Object.entries(losses).map(([term, value]) => [term, value * weights[term]]));
}

/** Points whose losses are told as they were added. */
export const asAdded = (points: readonly Point[], run: Run): Point[] =>
  points.map((point) => ({ ...point, losses: contributionsOf(point.losses, run, point.step) }));

/** The same of a run that ended: its settings are those that it began with. */
export function asAddedThen({ points, settings, changes, teacher }: Ended): Point[] {
  const active = { ...settings, ...Object.fromEntries(changes.map(({ key, to }) => [key, to])) };
  return asAdded(points, { active, wanted: active, changes: [...changes], teacher: teacher ?? null });
}
