/** Terms of a method whose weight is likely wrong: they move next to nothing of the gradient, or next to all of it. */
import type { Pulls } from "./views";

const [LEAST, MOST] = [0.01, 0.9];

export interface Alarm {
  /** The term's name in the method's `terms`. */
  term: string;
  /** Its share of all norms at the student's pyramid, 0..1. */
  share: number;
}

/** The detector's own terms raise none, nor do those that do not pull at the pyramid at all: what they move lies elsewhere. */
export function alarms({ norms, own }: Pick<Pulls, "norms" | "own">): Alarm[] {
  const sum = Object.values(norms).reduce((a, b) => a + b, 0);
  const shares = Object.entries(norms).map(([term, norm]) => ({ term, share: norm / sum }));
  return shares.filter(({ term, share }) => !own.includes(term) && share > 0 && (share < LEAST || share > MOST));
}
