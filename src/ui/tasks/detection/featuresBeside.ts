/** Features of several kept runs on one image, with their teachers', as Fig. 3 of SAMKD sets them beside each other. */
import type { FeatureMaps } from "../../../tasks/detection/views";
import { short } from "../../format";
import { differences } from "../../state/compare";
import type { Run } from "../../state/runs";
import type { State } from "../../state/store";
import { momentsOf } from "../../state/views";
import { extremes, type Focus, isAt, type Plane, planeOf } from "./featureMaps";

/** One network's features. */
export interface Shown {
  id: string;
  title: string;
  /** What the network is, in a few words. */
  what: string;
  plane: Plane;
}

/** The newest runs that fit beside each other: as many as the figure has. */
const MOST = 4;

/** What a run keeps of its last pictures: mean |F| over the channels of every level, student's and teacher's. */
export function lastFeatures(state: State): FeatureMaps | undefined {
  const last = momentsOf(state, "detection", "maps").at(-1)?.value as FeatureMaps | undefined;
  return last && { step: last.step, maps: last.maps.filter(({ view }) => view === "student" || view === "teacher") };
}

const featuresOf = ({ pictures }: Run): FeatureMaps => pictures as FeatureMaps;

/** Runs of these data of which features of so many images are kept, the newest last. */
export const runsWithFeatures = ({ runs, dataset }: Pick<State, "runs" | "dataset">, images: number): Run[] =>
  runs
    .filter((run) => run.pictures && run.dataset?.id === dataset?.id && featuresOf(run).maps.every(({ shape }) => shape[0] === images))
    .slice(-MOST);

export const mapsOfRuns = (runs: readonly Run[]) => runs.flatMap((run) => featuresOf(run).maps);

/** Each teacher once, then each run, on the image and the level in focus. */
export function besideEachOther(runs: readonly Run[], focus: Focus): Shown[] {
  const teachers = new Map(runs.map((run) => [run.teacher, run]));
  const named = teachers.size > 1;
  const apart = [...new Set(runs.flatMap((run) => differences(runs[0].settings, run.settings)))];
  return [
    ...[...teachers].flatMap(([name, run]) => shown(run, "teacher", focus, { title: "Teacher", what: (named && name) || "" })),
    ...runs.flatMap((run) => shown(run, "student", focus, { title: run.name, what: whatOf(run, apart) })),
  ];
}

/** The settings that these runs do not share, and the step. */
const whatOf = (run: Run, apart: readonly string[]): string =>
  [...apart.map((key) => `${key} ${run.settings[key]}`), `step ${featuresOf(run).step}`].join(", ");

function shown(run: Run, view: "student" | "teacher", focus: Focus, words: Pick<Shown, "title" | "what">): Shown[] {
  const map = featuresOf(run).maps.find((one) => one.view === view && isAt(one, focus));
  const plane = map && planeOf(map, focus.image);
  return plane ? [{ id: `${view} ${run.id}`, ...words, plane }] : [];
}

/** One scale for all. */
export const rangeOf = (all: readonly Shown[]): [number, number] => extremes(all.flatMap(({ plane }) => [...plane.values]));

/** How alike two maps are whatever their scale: Pearson's correlation over positions. None where grids differ or a map is constant. */
export function likeness(a: Plane, b: Plane): number | undefined {
  if (a.width !== b.width || a.height !== b.height) return undefined;
  const [x, y] = [centred(a.values), centred(b.values)];
  const norms = Math.sqrt(dot(x, x) * dot(y, y));
  return norms > 0 ? dot(x, y) / norms : undefined;
}

function centred(values: Float32Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Float64Array.from(values, (value) => value - mean);
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** What is under a map: the network, and how like the teacher's map its own is. */
export function noteOf({ plane, what }: Shown, teacher: Shown | undefined): string {
  const r = teacher && teacher.plane !== plane ? likeness(plane, teacher.plane) : undefined;
  return [what, r !== undefined && `r = ${short(r)} with the teacher's`].filter(Boolean).join("; ");
}
