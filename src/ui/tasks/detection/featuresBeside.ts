/** Features of several kept runs on one image, with their teachers', as Fig. 3 of SAMKD sets them beside each other. */
import type { FeatureMaps, MapOf } from "../../../tasks/detection/views";
import { cellsOf } from "../../draw/grid";
import { count, short } from "../../format";
import { differences } from "../../state/compare";
import type { SharedMap } from "../../state/looks";
import type { Run } from "../../state/runs";
import type { State } from "../../state/store";
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

/** Mean |F| over the channels of every level, student's and teacher's, in the last pictures of a run. */
function featuresOf({ looks }: Run): FeatureMaps {
  const { step, maps } = looks?.at(-1) ?? { step: 0, maps: [] };
  const of = ({ features, grid, values }: SharedMap): MapOf[] =>
    features ? [{ view: features.of, at: { level: features.level }, shape: [values.length / cellsOf(grid), ...grid], data: values }] : [];
  return { step, maps: maps.flatMap(of) };
}

/** Runs of these data of which features of so many images are kept, the newest last. */
export const runsWithFeatures = ({ runs, dataset }: Pick<State, "runs" | "dataset">, images: number): Run[] =>
  runs.filter((run) => run.dataset?.id === dataset?.id && hasFeatures(run, images)).slice(-MOST);

function hasFeatures(run: Run, images: number): boolean {
  const { maps } = featuresOf(run);
  return maps.length > 0 && maps.every(({ shape }) => shape[0] === images);
}

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
  [...apart.map((key) => `${key} ${run.settings[key]}`), `step ${count(featuresOf(run).step)}`].join(", ");

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
