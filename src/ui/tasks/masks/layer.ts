/** A row of pictures of patches: what lies over its images, kept patches or a value per patch. */
import { cellsOf, type Grid } from "../../draw/grid";
import { percent } from "../../format";

export interface Layer {
  id: string;
  title: string;
  /** What to know about this row, in a few words. */
  note: string;
  /** What a value means. */
  unit: string;
  grid: Grid;
  /** Value per patch of image i, and the least and greatest over all images. */
  values?(image: number): ArrayLike<number>;
  range: [number, number];
  /** Values are multiples of an even share, drawn on a scale that is always the same. */
  times?: true;
  /** Patches kept of image i. */
  kept?(image: number): ReadonlySet<number>;
}

/** A value per patch of each image, image after image. */
export function valuesOf(values: Float32Array, grid: Grid): Pick<Layer, "values" | "range" | "grid"> {
  const n = cellsOf(grid);
  return { grid, values: (image) => values.subarray(image * n, (image + 1) * n), range: mostOf(values) };
}

/** Attention within a tenth of an even share tells places apart by next to nothing. */
const EVEN = 0.1;
export const isEven = (times: ArrayLike<number>): boolean => Array.from(times).every((value) => Math.abs(value - 1) <= EVEN);

/** Values of one image as multiples of an even share. */
export function timesOf(values: ArrayLike<number>): Float32Array {
  const sum = Array.from(values).reduce((a, b) => a + b, 0);
  return Float32Array.from(values, (value) => (values.length * value) / (sum || 1));
}

/** Attention, image after image, and what to know about it. */
export function attentionOf(values: Float32Array, grid: Grid, what: { unit: string; note: string }): Omit<Layer, "id" | "title" | "kept"> {
  const n = cellsOf(grid);
  const times = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += n) times.set(timesOf(values.subarray(at, at + n)), at);
  const note = isEven(times) ? `${what.note}; almost uniform` : what.note;
  return { ...valuesOf(times, grid), times: true, unit: `${what.unit}, × even`, note };
}

/** The range without the lowest and the highest 2 %: a single bright patch would leave all others dark. */
function mostOf(values: ArrayLike<number>): [number, number] {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return [at(0.02), at(0.98)];
}

/** The kept patches [images, k] of each image. */
export function keptOf(kept: Uint32Array, images: number): Pick<Layer, "kept"> {
  const k = kept.length / images;
  return { kept: (image) => new Set(kept.subarray(image * k, (image + 1) * k)) };
}

/** How many patches of so many images are kept, and how much of the objects where the data know that. */
export function extent(kept: Uint32Array, images: number, { grid, objects }: { grid: Grid; objects?: Float64Array }): string {
  const n = cellsOf(grid);
  const k = kept.length / images;
  const patches = `${k} of ${n} patches`;
  if (!objects) return patches;
  const seen = kept.reduce((sum, patch, at) => sum + objects[Math.floor(at / k) * n + patch], 0) / images;
  return `${patches}, ${percent(Math.round(100 * seen) / 100)} of the objects`;
}
