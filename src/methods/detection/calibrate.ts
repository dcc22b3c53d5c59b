/**
 * Weights from measured gradients, for terms whose published weight belongs to another reduction or another scale.
 *
 * Over a few batches at the start, the norm of each unweighted term's gradient at the student's neck is compared with that
 * of the detector's own loss; the weight makes the term pull as hard (features) or a tenth as hard (logits). Once found, the
 * weights stay.
 */
import type { Term } from "../method";

/** How hard a term pulls, relative to the detector's own loss. */
const SHARE = { feature: 1, logit: 0.1 } as const;

/** Norms of gradients at the neck, one number per batch measured. */
export interface Norms {
  detector: readonly number[];
  terms: Record<string, readonly number[]>;
}

/**
 * A weight for each of `terms` that was measured, from mean norms. A term without gradient, whose norm says nothing, is left
 * out, and so is everything when the detector's own loss has none.
 */
export function calibrated(terms: Record<string, Term>, norms: Norms): Record<string, number> {
  const detector = mean(norms.detector);
  const found = Object.entries(norms.terms).map(([name, measured]) => {
    const term = terms[name];
    if (!term) throw new Error(`calibrated: there is no term ${name}`);
    return [name, (SHARE[term.kind] * detector) / mean(measured)] as const;
  });
  return Object.fromEntries(found.filter(([, weight]) => weight > 0 && Number.isFinite(weight)));
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
