/** Where the words of what happened during a run stand on a chart, so that none covers another. */

/** Something that happened at a step. */
interface Mark {
  step: number;
  text: string;
}

export interface Placed extends Mark {
  /** On which line its words stand; undefined where there is no room for them. */
  line?: number;
  /** Whether they stand before its step. */
  right: boolean;
}

const LINES = 4;
/** Share of a chart's width that a letter takes, and what stays free between two texts. */
const LETTER = 0.0125;
const GAP = 0.01;

/** One mark for each step within the domain, in order; each with the first line on which its words fit. */
export function placed(marks: readonly Mark[], [from, to]: readonly [number, number]): Placed[] {
  const steps = [...new Set(marks.map(({ step }) => step))].filter((step) => step >= from && step <= to).toSorted((a, b) => a - b);
  const taken: [start: number, end: number][][] = Array.from({ length: LINES }, () => []);
  return steps.map((step) => {
    const text = [...new Set(marks.filter((mark) => mark.step === step).map(({ text }) => text))].join(", ");
    const at = (step - from) / (to - from || 1);
    const right = at >= 0.5 && at + LETTER * text.length > 1;
    const [start, end] = right ? [at - LETTER * text.length, at] : [at, at + LETTER * text.length];
    const line = taken.findIndex((row) => row.every((other) => end + GAP <= other[0] || start >= other[1] + GAP));
    if (line < 0) return { step, text, right };
    taken[line].push([start, end]);
    return { step, text, right, line };
  });
}
