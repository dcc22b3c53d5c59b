/**
 * Weights from measured gradients, for terms whose published weight belongs to another reduction or another scale.
 *
 * Norms of gradients at the student's pyramid are compared with those of the detector's own loss, level by level where the
 * detector has anything to find, and the median of these ratios counts: on a level without positives the detector hardly pulls
 * at all. The terms of one kind share one factor, so that a method's published weights keep their ratios to each other.
 */
import type { Term } from "../method";

/** How hard the terms of a kind pull together, relative to the detector's own loss. */
const SHARE = { feature: 1, logit: 0.1 } as const;
const KINDS = ["feature", "logit"] as const;

/** Norms of gradients, by batch measured and by level of the pyramid. */
export type Norms = readonly (readonly number[])[];

export interface Measured {
  detector: Norms;
  /** By name, before any weight. */
  terms: Record<string, Norms>;
  /** Positives of the detector on each level, in all batches together. */
  positives: readonly number[];
}

/** A term's weight as it is published, and what it may be. */
export interface Published {
  value: number;
  min: number;
  max: number;
}

/**
 * A weight for each of `terms` that pulls at the pyramid. Nothing where the detector has no positive on any level, whose norms
 * say nothing. All within their limits: where one factor would not keep them there, it is the nearest that does.
 */
export function calibrated(terms: Record<string, Term>, published: Record<string, Published>, measured: Measured): Record<string, number> {
  const names = Object.keys(measured.terms).filter((name) => measured.terms[name].flat().some((norm) => norm > 0));
  const stray = Object.keys(measured.terms).find((name) => !terms[name]);
  if (stray !== undefined) throw new Error(`calibrated: there is no term ${stray}`);
  const found = KINDS.flatMap((kind) => {
    const together = names.filter((name) => terms[name].kind === kind);
    const factor = SHARE[kind] * median(ratios(together, published, measured));
    if (!(factor > 0)) return [];
    return together.map((name) => [name, published[name].value * within(factor, together, published)] as const);
  });
  return Object.fromEntries(found);
}

/** On each level with positives: how much harder the detector pulls than these terms do at their published weights. */
function ratios(names: string[], published: Record<string, Published>, { detector, terms, positives }: Measured): number[] {
  return positives.flatMap((count, level) => {
    if (count === 0) return [];
    const together = mean(detector.map((_, b) => Math.hypot(...names.map((name) => published[name].value * terms[name][b][level]))));
    return together > 0 ? [mean(detector.map((levels) => levels[level])) / together] : [];
  });
}

function within(factor: number, names: string[], published: Record<string, Published>): number {
  const all = names.map((name) => published[name]);
  const least = Math.max(...all.map(({ value, min }) => min / value));
  const most = Math.min(...all.map(({ value, max }) => max / value));
  return Math.min(most, Math.max(least, factor));
}

/** NaN of nothing. */
function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
