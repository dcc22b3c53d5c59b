/**
 * What a run has shown so far, in bounded memory: curves averaged into at most 500 points over the planned run, and pictures
 * spread over the run, so that a pointer on a chart finds the masks of that time.
 */
import type { Scores } from "../../tasks/task";
import { withStep } from "../../train/meanTime";
import type { StepReport } from "../../train/session";

export type Numbers = Record<string, number>;

export interface Point {
  step: number;
  /** Terms of the loss and shares (accuracies and the like) by name, mean over the point's steps. */
  losses: Numbers;
  rates: Numbers;
  /** The shares, exponentially smoothed over the run. */
  smooth: Numbers;
  /** Speed, time, memory and multiply-adds of a step, by name; mean over the point's steps. */
  figures: Numbers;
  /** Scores on held-out images, as last measured. */
  scores: Numbers;
  /** Whatever else is measured between steps, as last measured: numbers from a task's views, by name of the view. */
  [measured: string]: Numbers | number;
}

/** One of a point's sets of numbers; empty where there is none of that name. */
export const numbersOf = (point: Point | undefined, set: string): Numbers => (point?.[set] as Numbers | undefined) ?? {};

export interface Evaluation {
  step: number;
  scores: Scores;
  count: number;
  /** Which images were answered right, as `packBits` writes it, where that is known: of the last test alone. */
  right?: string;
}

/** A picture's data as they were at a step. */
export interface Moment {
  step: number;
  value: unknown;
}

const POINTS = 500;
/** Steps over which shares are smoothed: this part of the run, but at least so many. */
const SMOOTH_SHARE = 0.02;
const SMOOTH_LEAST = 10;

export class History {
  points: Point[] = [];
  /** Pictures' data over the run, by task and by name of the view. */
  views: Record<string, Record<string, Moment[]>> = {};
  evaluations: Evaluation[] = [];
  /** What befell the run besides changes of settings, such as a lost GPU, at the step from where it went on. */
  marks: { step: number; text: string }[] = [];
  /** The price of all steps so far, by name: multiply-adds and milliseconds of the teacher, as masked and at all patches. */
  sums: Numbers = {};
  /** Milliseconds per step, smoothed. */
  ms = 0;
  imagesPerSecond = 0;
  /** Whether that pace holds the steps of a run beside it. */
  overlapping = false;
  /** The loss scale, and updates skipped, where precision is mixed. */
  scaled: StepReport["scaled"];
  private inPoint = 0;
  private readonly latest: Record<string, Numbers> = { scores: {} };
  private readonly means: Record<string, { sum: number; weight: number }> = {};

  constructor(readonly total: number) {}

  /** A history as it was stored, up to a step, since a run that trains may be kept a moment behind its curves: structured cloning keeps fields, not methods, and earlier versions stored other pictures. */
  static revive(stored: History, step = Number.POSITIVE_INFINITY): History {
    const history = new History(stored.total);
    const known = Object.entries(stored).filter(([field]) => Object.hasOwn(history, field));
    Object.assign(history, Object.fromEntries(known));
    history.points = history.points.filter((point) => point.step <= step);
    // The point under way, which knows of later steps, is left out with them: another begins.
    if (history.points.length < stored.points.length) history.inPoint = 0;
    history.evaluations = history.evaluations.filter((test) => test.step <= step);
    return history;
  }

  /** Adds a step and what is known of its price. */
  push(report: Omit<StepReport, "kept">, price: Numbers = {}): void {
    const { step, losses, rates, imagesPerSecond } = report;
    const smooth = mapped(rates, (rate, name) => this.smoothed(name, rate));
    const fresh: Point = {
      ...this.latest,
      step,
      losses,
      rates,
      smooth,
      figures: { imagesPerSecond, ...price },
      scores: this.latest.scores,
    };
    const stride = Math.max(1, Math.ceil(this.total / POINTS));
    if (this.inPoint === 0) this.points.push(fresh);
    else this.points[this.points.length - 1] = merge(this.points[this.points.length - 1], this.inPoint, fresh);
    this.inPoint = (this.inPoint + 1) % stride;
    for (const [name, amount] of Object.entries(price)) this.sums[name] = (this.sums[name] ?? 0) + amount;
    // The first step prepares kernels; it says nothing about the others.
    const old = this.points.length < 3 ? 0 : 0.9;
    this.scaled = report.scaled;
    this.overlapping = report.overlapping === true;
    this.ms = withStep(this.ms, report.ms, old);
    this.imagesPerSecond = old * this.imagesPerSecond + (1 - old) * report.imagesPerSecond;
  }

  /** Notes what was measured between steps at the newest point and at those after it. */
  measured(name: string, values: Numbers): void {
    this.latest[name] = values;
    const last = this.points.pop();
    // A new point: the chart library freezes those it has drawn.
    if (last) this.points.push({ ...last, [name]: values });
  }

  /** Adds a test on held-out images. */
  tested(evaluation: Evaluation): void {
    const before = this.evaluations.at(-1);
    if (before) delete before.right;
    this.evaluations.push(evaluation);
  }

  /** Keeps a picture's data of one step, at most so many of a view. */
  keep(task: string, view: string, moment: Moment, most: number): void {
    const kept = inserted(this.moments(task, view), moment, most);
    this.views[task] = { ...this.views[task], [view]: kept };
  }

  /** What was kept of a view, oldest first. */
  moments(task: string, view: string): readonly Moment[] {
    return this.views[task]?.[view] ?? NONE;
  }

  /** Exponential mean, corrected at its start so that the first values are not pulled towards zero. */
  private smoothed(name: string, value: number): number {
    const keep = 1 - 1 / Math.max(SMOOTH_LEAST, SMOOTH_SHARE * this.total);
    const { sum, weight } = this.means[name] ?? { sum: 0, weight: 0 };
    const mean = { sum: keep * sum + (1 - keep) * value, weight: keep * weight + (1 - keep) };
    this.means[name] = mean;
    return mean.sum / mean.weight;
  }
}

const NONE: readonly Moment[] = [];

/** The last of a list at or before a step, or else the first one; the newest without a step. */
export function at<T extends { step: number }>(list: readonly T[], step: number | undefined): T | undefined {
  return step === undefined ? list.at(-1) : (list.findLast((one) => one.step <= step) ?? list[0]);
}

/** The list with one more, which replaces one of the same step; if that is too many, without the one that leaves the smallest gap. */
function inserted<T extends { step: number }>(list: readonly T[], one: T, most: number): T[] {
  const before = list.at(-1)?.step === one.step ? list.slice(0, -1) : list;
  const all = [...before, one];
  return all.length > most ? all.toSpliced(mostCrowded(all), 1) : all;
}

/** Index of the one, neither first nor last, whose neighbours are closest in steps. */
function mostCrowded(list: readonly { step: number }[]): number {
  const gaps = list.slice(2).map((after, i) => after.step - list[i].step);
  return 1 + gaps.indexOf(Math.min(...gaps));
}

/** Mean of a point that stands for `n` steps and one more step. */
function merge(point: Point, n: number, fresh: Point): Point {
  const mean = (a: Numbers, b: Numbers) => mapped(b, (x, name) => (n * (a[name] ?? x) + x) / (n + 1));
  const [losses, rates, figures] = (["losses", "rates", "figures"] as const).map((of) => mean(point[of], fresh[of]));
  return { ...fresh, losses, rates, figures };
}

function mapped(values: Numbers, change: (value: number, name: string) => number): Numbers {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));
}
