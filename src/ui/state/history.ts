/**
 * What a run has shown so far, in bounded memory: curves averaged into at most 500 points over the planned run, and looks at
 * the gallery spread over the run so that a pointer on a chart finds the masks of that time.
 */
import type { Detection } from "../../geometry/boxes";
import type { Scores } from "../../tasks/task";
import type { StepReport } from "../../train/session";
import type { BoxLook, Look } from "../../worker/protocol";

export interface Point {
  step: number;
  /** Terms of the loss and shares (accuracies and the like) by name, mean over the point's steps. */
  losses: Record<string, number>;
  rates: Record<string, number>;
  /** The shares, exponentially smoothed over the run. */
  smooth: Record<string, number>;
  /** Speed, time, memory and multiply-adds of a step, by name; mean over the point's steps. */
  figures: Record<string, number>;
  /** As last measured: scores on held-out images, and each term's share of the gradients. */
  scores: Record<string, number>;
  pulls: Record<string, number>;
}

export interface Evaluation {
  step: number;
  scores: Scores;
  count: number;
}

const POINTS = 500;
const LOOKS = 200;
/** Feature maps take a few hundred kilobytes a look. */
const MAPS = 40;
/** Detections below this score, and beyond this many of an image, are not kept. */
export const LEAST_SCORE = 0.05;
const DETECTIONS = 40;
/** Steps over which accuracy is smoothed, as a share of the run, and at least so many. */
const SMOOTH_SHARE = 0.02;
const SMOOTH_LEAST = 10;

export class History {
  points: Point[] = [];
  looks: Look[] = [];
  boxLooks: Omit<BoxLook, "maps">[] = [];
  maps: Pick<BoxLook, "step" | "maps">[] = [];
  evaluations: Evaluation[] = [];
  /** The price of all steps so far, by name: multiply-adds and milliseconds of the teacher, as masked and at all patches. */
  sums: Record<string, number> = {};
  /** Milliseconds per step, smoothed. */
  ms = 0;
  imagesPerSecond = 0;
  private inPoint = 0;
  private readonly latest: Pick<Point, "scores" | "pulls"> = { scores: {}, pulls: {} };
  private readonly means: Record<string, { sum: number; weight: number }> = {};

  constructor(readonly total: number) {}

  /** A history as it was stored (structured cloning keeps fields, not methods). */
  static revive(stored: History): History {
    return Object.assign(new History(stored.total), stored);
  }

  /** Adds a step and what is known of its price. */
  push(report: Omit<StepReport, "kept">, price: Record<string, number> = {}): void {
    const { step, losses, rates, imagesPerSecond } = report;
    const figures = { imagesPerSecond, ...price };
    const fresh = { step, losses, rates, figures, smooth: mapped(rates, (rate, name) => this.smoothed(name, rate)), ...this.latest };
    const stride = Math.max(1, Math.ceil(this.total / POINTS));
    if (this.inPoint === 0) this.points.push(fresh);
    else this.points[this.points.length - 1] = merge(this.points[this.points.length - 1], this.inPoint, fresh);
    this.inPoint = (this.inPoint + 1) % stride;
    for (const [name, amount] of Object.entries(price)) this.sums[name] = (this.sums[name] ?? 0) + amount;
    // The first step prepares kernels; it says nothing about the others.
    const old = this.points.length < 3 ? 0 : 0.9;
    this.ms = old * this.ms + (1 - old) * report.ms;
    this.imagesPerSecond = old * this.imagesPerSecond + (1 - old) * report.imagesPerSecond;
  }

  /** What was measured beside the steps holds from the newest point on. */
  measured(of: "scores" | "pulls", values: Record<string, number>): void {
    this.latest[of] = values;
    const last = this.points.pop();
    // A new point: the chart library freezes those it has drawn.
    if (last) this.points.push({ ...last, [of]: values });
  }

  addLook(look: Look): void {
    insert(this.looks, look, LOOKS);
  }

  addBoxLook({ step, student, teacher, maps }: BoxLook): void {
    insert(this.boxLooks, { step, student: student.map(likely), teacher: teacher?.map(likely) }, LOOKS);
    insert(this.maps, { step, maps }, MAPS);
  }

  /** The moments a time cursor can go to, oldest first. */
  get moments(): readonly { step: number }[] {
    return this.looks.length ? this.looks : this.boxLooks;
  }

  /** The curve's point at or after a step. */
  pointAt(step: number): Point | undefined {
    return this.points.find((point) => point.step >= step) ?? this.points.at(-1);
  }

  /** Exponential mean with its start corrected, so that the first values are not drawn to zero. */
  private smoothed(name: string, value: number): number {
    const keep = 1 - 1 / Math.max(SMOOTH_LEAST, SMOOTH_SHARE * this.total);
    const { sum, weight } = this.means[name] ?? { sum: 0, weight: 0 };
    const mean = { sum: keep * sum + (1 - keep) * value, weight: keep * weight + (1 - keep) };
    this.means[name] = mean;
    return mean.sum / mean.weight;
  }
}

/** The last of a list at or before a step, or else the first one; the newest where no step is asked for. */
export function at<T extends { step: number }>(list: readonly T[], step: number | undefined): T | undefined {
  return step === undefined ? list.at(-1) : (list.findLast((one) => one.step <= step) ?? list[0]);
}

const likely = (detections: Detection[]) => detections.filter(({ score }) => score >= LEAST_SCORE).slice(0, DETECTIONS);

/** Appends, in the place of what is of the same step; when there are too many, the one goes that leaves the smallest gap. */
function insert<T extends { step: number }>(list: T[], one: T, most: number): void {
  if (list.at(-1)?.step === one.step) list.pop();
  list.push(one);
  if (list.length > most) list.splice(mostCrowded(list), 1);
}

/** Index of the look, neither first nor last, whose neighbours are closest in steps. */
function mostCrowded(looks: { step: number }[]): number {
  const gaps = looks.slice(2).map((after, i) => after.step - looks[i].step);
  return 1 + gaps.indexOf(Math.min(...gaps));
}

/** Mean of a point that stands for `n` steps and one more step. */
function merge(point: Point, n: number, fresh: Point): Point {
  const mean = (a: Record<string, number>, b: Record<string, number>) => mapped(b, (x, name) => (n * (a[name] ?? x) + x) / (n + 1));
  const [losses, rates, figures] = (["losses", "rates", "figures"] as const).map((of) => mean(point[of], fresh[of]));
  return { ...fresh, losses, rates, figures };
}

function mapped(values: Record<string, number>, change: (value: number, name: string) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));
}
