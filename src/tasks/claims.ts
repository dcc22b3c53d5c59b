/**
 * Claims of the papers as experiments of this size. A wing declares studies; `npm run claims` runs them and writes what came out to
 * a file, which the page shows. Whatever is claimed is a linear combination of scores of runs under the same seed, so that seeds give
 * differences, and differences an interval.
 */
import type { Margin } from "../metrics/paired";

/**
 * Which results belong together: rows of another value are never mixed with these. It is raised when runs come to other numbers, that
 * is when golden losses change.
 */
export const CODE = "0.4";

/** One score of one run, and how it counts. */
export interface Summand {
  /** Settings of the run beside the study's own, as words of the command line: "keep=0.5 criterion=random". */
  of: string;
  /** A result of the run, such as "student_top1"; with `at`, one of the curve. */
  score: string;
  /** Share of the run at which the curve is read: of a test, for the nearest counts. The final result when absent. */
  at?: number;
  /** 1 by default; -1 takes it away. */
  times?: number;
}

export interface Claim {
  /** Of the claim in the list that the project follows, and a letter where there are several: "1b". */
  id: string;
  /** What the paper says, in a sentence. */
  title: string;
  /** Its numbers, and where they stand. */
  paper: string;
  /** Their sum is what is judged. The first is what one would run to see it. */
  summands: readonly Summand[];
  /** Sign that the paper claims of the sum; or a margin, below which it is claimed not to fall. */
  claimed: 1 | -1 | Margin;
  /** What the sum counts: points are hundredths of a share. */
  unit: "points" | "ms" | "MB" | "nats";
}

/** A picture of finished runs, as a paper has it. */
export interface Figure {
  id: string;
  title: string;
  /** Which picture of the paper it is like. */
  paper: string;
  unit: Claim["unit"];
  /** What is drawn upwards, for people. */
  y: string;
  /** Over the steps of a run: each line a sum of scores of its curve. Or over a result of the run: each line a row of cases. */
  lines: readonly FigureLine[];
}

export type FigureLine =
  | { label: string; summands: readonly Summand[] }
  | { label: string; cases: readonly string[]; score: string; against: Against };

/** The result of a run that goes to the right, and what one of it is called. */
export interface Against {
  score: string;
  label: string;
  unit: number;
}

/** Runs of one kind: the same data, length and student. */
export interface Study {
  name: string;
  /** What is learned from what, for people. */
  about: string;
  /** Words of every run. */
  base: string;
  /** How many seeds, from 1. */
  seeds: number;
  /** Seeds under which the study's settings were chosen; results under them are not reported. */
  tuned: readonly number[];
  /**
   * Full imitation against none: unless this shows, comparisons of masks mean nothing. `least` is in points. Absent where nothing is learned,
   * as for costs.
   */
  instrument?: { of: string; over: string; score: string; least: number };
  claims: readonly Claim[];
  figures?: readonly Figure[];
}

/** `first` minus `second`, both of the same score. */
export const over = (first: string, second: string, score: string, at?: number): Summand[] => [
  { of: first, score, at },
  { of: second, score, at, times: -1 },
];

/** What came of a claim. */
export interface Measured {
  id: string;
  title: string;
  paper: string;
  study: string;
  /** The scores that went in: mean and standard deviation of each, as text. */
  measured: string;
  unit: Claim["unit"];
  difference: number | null;
  /** 95 % interval over seeds; null where there are too few. */
  interval: [low: number, high: number] | null;
  seeds: number;
  verdict: "agrees" | "opposite" | "cannot tell";
  /** Of a verdict that tells: whether it stands when all claims of the study that were measured are judged together (Holm, 5 %). */
  together?: boolean;
  /** Margin of a claim that something is no worse. */
  margin?: Margin;
  /** Query of the page's address that sets the first run up. */
  address: string;
  /** Where the claim is about what two runs come to: the address of the other, and what is claimed of the first minus the second. */
  pair?: { address: string; claimed: Claim["claimed"] };
}

export interface Instrument {
  task: string;
  study: string;
  about: string;
  difference: number | null;
  interval: [low: number, high: number] | null;
  seeds: number;
  /** Whether it shows the difference that comparisons of masks need; true, without a difference, where nothing is learned. */
  proven: boolean;
}

/** A picture's curves, ready to be drawn. */
export interface Drawing {
  study: string;
  id: string;
  title: string;
  paper: string;
  x: string;
  y: string;
  lines: DrawnLine[];
}

export interface DrawnLine {
  label: string;
  seeds: number;
  /** x, mean of y, and its 95 % interval over seeds, as far as there is one. */
  points: [x: number, y: number, low: number | null, high: number | null][];
  /** Single runs, which no line joins. */
  single?: true;
}

export interface ClaimsFile {
  code: string;
  adapter: string;
  instrument: Instrument[];
  claims: Measured[];
  figures: Drawing[];
}
