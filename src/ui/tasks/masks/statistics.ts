/** Figures about how often patches are kept. */
import type { Frequency, Tally } from "../../../tasks/frequency";
import { columnOf, type Grid, rowOf } from "../../draw/grid";

/** Rate of each patch, k/N that random choice would give on average, and the rates' sum, which is k. */
export interface Rates {
  rates: Float64Array;
  chance: number;
  sum: number;
}

/** Rates of a tally whose counts are one row of patches. */
export function ratesOf({ images, kept, counts }: Tally): Rates {
  const rates = counts.map((count) => count / images);
  return { rates, chance: kept / images / counts.length, sum: counts.reduce((a, b) => a + b, 0) / images };
}

/** Entropy of f/k in nats: ln N when all are kept alike. */
export function entropy(rates: ArrayLike<number>): number {
  const values = Array.from(rates);
  const sum = values.reduce((a, b) => a + b, 0);
  return values.reduce((h, v) => (v > 0 ? h - (v / sum) * Math.log(v / sum) : h), 0);
}

/** A number of patches that would have the same entropy if they alone were kept, all alike: 1 to N. */
export const diversity = (rates: ArrayLike<number>): number => Math.exp(entropy(rates));

/**
 * Rate of each patch of the first so many watched images, [images, N], over all moments of the run that were counted; undefined where there
 * was none, or where the counts are of another grid.
 */
export function watchedRates({ stages }: Frequency, images: number, patches: number) {
  const [{ positions, watched }] = stages;
  // After a change of the grid the counts of the one before are still there for a moment.
  if (positions.counts.length !== patches) return undefined;
  const moments = (stages.reduce((sum, stage) => sum + stage.watched.images, 0) * patches) / watched.counts.length;
  if (moments === 0) return undefined;
  const counts = (at: number) => stages.reduce((sum, stage) => sum + stage.watched.counts[at], 0);
  return { moments, rates: Float32Array.from({ length: images * patches }, (_, at) => counts(at) / moments) };
}

/** Mean over inner positions and over the outermost ring of the grid. */
export function centreAndBorder(rates: ArrayLike<number>, grid: Grid): { centre: number; border: number } {
  const [rows, columns] = grid;
  const sums = { border: 0, centre: 0 };
  for (let i = 0; i < rates.length; i++) {
    const [y, x] = [rowOf(i, grid), columnOf(i, grid)];
    const outer = x === 0 || y === 0 || x === columns - 1 || y === rows - 1;
    sums[outer ? "border" : "centre"] += rates[i];
  }
  const inside = (rows - 2) * (columns - 2);
  return { centre: sums.centre / inside, border: sums.border / (rates.length - inside) };
}

/** How far a rate differs from `chance` by chance alone: twice its standard error over so many images. */
export function stray(chance: number, images: number): number {
  return 2 * Math.sqrt((chance * (1 - chance)) / images);
}

/** Share of the patches without any of the object that was kept, of so many patches an image; undefined where there are none. */
export function backgroundSeen({ images, counts }: Tally, objects: ArrayLike<number>, patches: number): number | undefined {
  const bare = Array.from(counts.keys()).filter((at) => objects[at] === 0);
  // Each watched image was counted so often.
  const moments = (images * patches) / counts.length;
  return bare.length ? bare.reduce((sum, at) => sum + counts[at], 0) / bare.length / moments : undefined;
}

/** Mean share of the objects that was kept; `objects` is the share of each image's object in each patch, in the order of the counts. */
export function objectSeen({ images, counts }: Tally, objects: ArrayLike<number>): number {
  return counts.reduce((sum, count, at) => sum + count * objects[at], 0) / images;
}
