/**
 * The step that is being made, seen on one held-out image and one level of the pyramid: what the method erases, what is regenerated
 * in its place, and how far that is from the teacher's features. Facts of one snapshot, whatever the method, by the pictures that it makes.
 */
import { regionsOf as bordersOf } from "../../../ops/regions";
import { cellsOf, columnOf, type Grid, rowOf } from "../../draw/grid";
import { extremes, type FeatureMap, type Focus, isAt, type Plane, planeOf, regionsOf, rowsOf } from "./featureMaps";

/** A class, and how likely student and teacher find it in a region. */
export interface Likely {
  name: string;
  student: number;
  teacher: number;
}

/** What happens by regions of one size; a method without regions has one such scale, the whole map. */
export interface Scale {
  /** Regions per side. */
  regions: number;
  /** The teacher's attention, as a multiple of its mean in the region. */
  attention?: Float32Array;
  /** 1 where features stay, 0 where they are erased. */
  visible?: Plane;
  rebuilt?: Plane;
  error?: Plane;
  /** Of each region: W, and the divergence of the mean logits before it. */
  weight?: number[];
  divergence?: number[];
  /** Of each region, class by class. */
  likely?: Likely[][];
}

export interface Step {
  grid: Grid;
  level: number;
  /** mean |F| over channels: the teacher's, the student's of the whole image, and of what is visible. */
  features: { teacher?: Plane; student?: Plane; masked?: Plane };
  /** Of the input's patches, 1 where the student sees them. */
  input?: Plane;
  /** The scale in focus, and all of them. */
  scale: Scale;
  scales: Scale[];
  /** Least and greatest of the strengths shown, for one colour scale. */
  range: [number, number];
}

export interface Reading {
  classes: readonly string[];
  temperature: number;
  /** Whether classes compete; else each has a coin of its own. */
  compete: boolean;
}

/** Undefined before there are any maps. */
export function stepOf(maps: readonly FeatureMap[], focus: Focus, reading: Reading): Step | undefined {
  const plane = (view: string, regions?: number) => {
    const map = maps.find((map) => map.view === view && isAt(map, regions ? { ...focus, regions } : focus));
    return map && planeOf(map, focus.image);
  };
  const features = { teacher: plane("teacher"), student: plane("student"), masked: plane("masked") };
  const any = features.student ?? features.teacher;
  if (!any) return undefined;
  const sides = regionsOf(maps, focus.level);
  const scales = (sides.length ? sides : [1]).map((regions) => scaleOf(maps, { ...focus, regions }, reading));
  const scale = scales.find(({ regions }) => regions === focus.regions) ?? scales[0];
  const strengths = [...Object.values(features), scale.rebuilt].flatMap((one) => (one ? extremes(one.values) : []));
  return {
    ...{ grid: [any.height, any.width], level: focus.level, features, input: plane("visible.input"), scale, scales },
    range: extremes(strengths),
  };
}

function scaleOf(maps: readonly FeatureMap[], focus: Focus, reading: Reading): Scale {
  const map = (view: string) => maps.find((map) => map.view === view && isAt(map, focus));
  const plane = (...views: string[]) => {
    const found = views.map(map).find(Boolean);
    return found && planeOf(found, focus.image);
  };
  const numbers = (view: string) => {
    const found = map(view);
    return found && rowsOf(found, focus.image);
  };
  const attention = plane("attention");
  const [student, teacher] = [numbers("studentLogits"), numbers("teacherLogits")];
  return {
    regions: focus.regions,
    attention: attention && multiplesOf(attention, focus.regions),
    ...{ visible: plane("mask", "visible"), rebuilt: plane("reconstruction", "regenerated"), error: plane("error") },
    ...{ weight: numbers("difference")?.map(([w]) => w), divergence: numbers("divergence")?.map(([kl]) => kl) },
    likely: student && teacher && student.map((row, region) => likelyOf(row, teacher[region], reading)),
  };
}

/** Values as multiples of the mean of their region. */
function multiplesOf({ height, width, values }: Plane, regions: number): Float32Array {
  const grid: Grid = [height, width];
  const [sums, counts] = [new Float64Array(regions ** 2), new Float64Array(regions ** 2)];
  const where = regionsAt(regions, grid);
  for (const [cell, value] of values.entries()) {
    sums[where[cell]] += value;
    counts[where[cell]]++;
  }
  return values.map((value, cell) => (value * counts[where[cell]]) / (sums[where[cell]] || 1));
}

/** Of each cell, the number of its region. */
export function regionsAt(regions: number, grid: Grid): number[] {
  const all = bordersOf([regions], grid);
  return Array.from({ length: cellsOf(grid) }, (_, cell) => {
    const [row, column] = [rowOf(cell, grid), columnOf(cell, grid)];
    return all.findIndex(([top, left, bottom, right]) => row >= top && row < bottom && column >= left && column < right);
  });
}

function likelyOf(student: Float32Array, teacher: Float32Array, reading: Reading): Likely[] {
  const [own, theirs] = [student, teacher].map((row) => probabilities(row, reading));
  return reading.classes.map((name, c) => ({ name, student: own[c], teacher: theirs[c] }));
}

/** Of logits [A * K] the mean over the A anchors of the probabilities of K classes. */
export function probabilities(logits: Float32Array, { classes, temperature, compete }: Reading): number[] {
  const k = classes.length;
  const anchors = logits.length / k;
  const mean = new Array<number>(k).fill(0);
  for (let a = 0; a < anchors; a++) {
    const row = Array.from(logits.subarray(a * k, (a + 1) * k), (z) => z / temperature);
    const most = Math.max(...row);
    const sum = row.reduce((sum, z) => sum + Math.exp(z - most), 0);
    for (const [c, z] of row.entries()) mean[c] += (compete ? Math.exp(z - most) / sum : 1 / (1 + Math.exp(-z))) / anchors;
  }
  return mean;
}

/** The mean of a map where another is 0, and where it is 1; undefined where there is no such place. */
export function means({ values }: Plane, { values: visible }: Plane): { hidden?: number; seen?: number } {
  const mean = (wanted: number) => {
    const some = values.filter((_, i) => visible[i] === wanted);
    return some.length ? some.reduce((a, b) => a + b, 0) / some.length : undefined;
  };
  return { hidden: mean(0), seen: mean(1) };
}

export const meanOf = ({ values }: Plane): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The share of a mask that is hidden. */
export const hiddenOf = ({ values }: Plane): number => values.filter((value) => value === 0).length / values.length;
