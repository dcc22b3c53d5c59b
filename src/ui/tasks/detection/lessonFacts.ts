/** Numbers that the lessons on detectors quote from a recorded run. */
import type { FeatureMaps } from "../../../tasks/detection/views";
import { percent, short } from "../../format";
import type { Facts } from "../../lessons/lesson";
import { at } from "../../state/history";
import { galleryOf, mapsOf } from "./gallery";
import { meanOf, means, type Scale, type Step, stepOf } from "./stageFacts";

type State = Facts["state"];

/** Image by image, the step made at a share of the run, on the finest level by regions of so many a side. */
export function stepsAt(state: State, share: number, regions = 1): Step[] {
  const { truths, classes } = galleryOf(state);
  const { maps } =
    mapsOf({ ...state, hover: undefined, pinned: Math.round(share * state.history.total) }) ?? ({ maps: [] } as Pick<FeatureMaps, "maps">);
  const reading = { classes, temperature: 1, compete: true };
  return truths.flatMap((_, image) => stepOf(maps, { image, level: 0, regions, region: 0 }, reading) ?? []);
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** The mean of a number over the images shown at a share of the run, in words. */
export function over(state: State, share: number, of: (step: Step) => number | undefined, regions = 1): string {
  return short(mean(stepsAt(state, share, regions).flatMap((step) => of(step) ?? [])));
}

/** Share of positions that a mask leaves out at a share of the run. */
export function leftOut(state: State, share: number, regions: number): string {
  const shares = stepsAt(state, share, regions).flatMap(({ scale: { visible } }) => (visible ? [1 - meanOf(visible)] : []));
  return percent(Math.round(100 * mean(shares)) / 100);
}

/** How many times the error is where something is erased, or hidden, what it is elsewhere. */
export function timesHarder({ scale: { error, visible } }: Step): number | undefined {
  const { hidden, seen } = error && visible ? means(error, visible) : {};
  return hidden === undefined || !seen ? undefined : hidden / seen;
}

/** The greatest attention within regions. */
export const peak = ({ scale: { attention } }: Step): number | undefined => attention && Math.max(...attention);

/** The mean weight W of the regions. */
export const weightOf = ({ scale: { weight } }: { scale: Scale }): number | undefined => weight && mean(weight);

/** A term of the loss at a share of the run, as a mean over that point of the curve. */
export function lossAt({ history }: State, term: string, share: number): string {
  return short(at(history.points, share * history.total)?.losses[term] ?? Number.NaN);
}

/** How each of these lessons begins: what there is to see on the stage, `done` to whatever the method works on. */
export function opening({ history }: State, done: string): string {
  const score = percent(Object.values(history.evaluations.at(-1)?.scores ?? {})[0] ?? Number.NaN);
  return `The stage follows one held-out image through a step. In this short recording the student reaches an average precision of ${score}: watch what is ${done}, not yet how good it gets.`;
}
