/**
 * Whether one of two results is better, judged on pairs: two classifiers on the same held-out images, or two settings
 * under the same seeds. What is reported is a difference with its 95 % interval; that an interval holds 0 never means
 * "equal". Differences are of shares in 0..1 or of whatever the scores are, always the first minus the second.
 */
import { EngineError } from "../engine/errors";
import { fairBinomial, fairBinomialAt, studentQuantile, studentTail, Z95 } from "./distributions";
import { mean } from "./verdicts";

/** A difference, and the 95 % interval it comes with; infinite where there is too little to say. */
export interface Difference {
  difference: number;
  interval: readonly [low: number, high: number];
}

export interface McNemar extends Difference {
  /** Images, those that only the first answers rightly, and those that only the second does. */
  n: number;
  n10: number;
  n01: number;
  /** Of the null hypothesis that both are right equally often; two-sided. */
  p: number;
  /** Exact binomial for few discordant pairs, else its mid-p version. */
  test: "exact" | "mid-p";
}

/** Fewer discordant pairs than this take the exact test. */
const FEW = 25;

/**
 * McNemar's test of two classifiers that answered the same images, 1 where an answer is right and 0 where it is not, with
 * Newcombe's interval for the difference of their accuracies. Throws for rows of different length or without an image.
 * Mid-p: Fagerland, Lydersen, Laake, BMC Medical Research Methodology 13:91, 2013.
 */
export function mcnemar(first: ArrayLike<number | boolean>, second: ArrayLike<number | boolean>): McNemar {
  const n = first.length;
  if (n === 0 || n !== second.length)
    throw new EngineError(`McNemar's test got ${n} and ${second.length} answers.`, "Give both classifiers' answers to the same images.");
  const cells = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) cells[2 * Number(Boolean(first[i])) + Number(Boolean(second[i]))]++;
  const [n00, n01, n10, n11] = cells;
  return { n, n10, n01, ...pOf(n10, n01), difference: (n10 - n01) / n, interval: newcombe(n11, n10, n01, n00) };
}

function pOf(n10: number, n01: number): Pick<McNemar, "p" | "test"> {
  const [fewer, discordant] = [Math.min(n10, n01), n10 + n01];
  const exact = Math.min(1, 2 * fairBinomial(fewer, discordant));
  if (discordant < FEW) return { test: "exact", p: exact };
  const halfOfObserved = (n10 === n01 ? 0.5 : 1) * fairBinomialAt(fewer, discordant);
  return { test: "mid-p", p: exact - halfOfObserved };
}

/**
 * 95 % interval of the difference of two paired proportions: method 10 of Newcombe, Statistics in Medicine 17, 2635-2650,
 * 1998. It squares and adds the distances to Wilson's limits, corrected for the correlation of the pairs.
 */
function newcombe(n11: number, n10: number, n01: number, n00: number): [number, number] {
  const n = n11 + n10 + n01 + n00;
  const [one, two] = [wilson(n11 + n10, n), wilson(n11 + n01, n)];
  const correlation = phi(n11, n10, n01, n00);
  const reach = (a: number, b: number) => Math.sqrt(a * a - 2 * correlation * a * b + b * b);
  const difference = (n10 - n01) / n;
  return [difference - reach(one.below, two.above), difference + reach(one.above, two.below)];
}

/** Newcombe's estimate of the correlation, with his continuity correction where it is positive. */
function phi(n11: number, n10: number, n01: number, n00: number): number {
  const margins = (n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00);
  const excess = n11 * n00 - n10 * n01;
  const corrected = excess > 0 ? Math.max(0, excess - (n11 + n10 + n01 + n00) / 2) : excess;
  return margins === 0 ? 0 : corrected / Math.sqrt(margins);
}

/** How far Wilson's 95 % limits of a proportion lie below and above it. */
function wilson(count: number, n: number): { below: number; above: number } {
  const [p, z2] = [count / n, Z95 * Z95];
  const middle = (2 * count + z2) / (2 * (n + z2));
  const reach = (Z95 * Math.sqrt(z2 + 4 * count * (1 - p))) / (2 * (n + z2));
  return { below: p - (middle - reach), above: middle + reach - p };
}

export interface Seeded extends Difference {
  /** Number of seeds that both have. */
  seeds: number;
}

/**
 * Mean difference of two settings' scores, by seed, with the 95 % interval of a paired t test. Only seeds that both have
 * count; one seed gives an infinite interval. Throws when they share none.
 */
export function overSeeds(first: ReadonlyMap<number, number>, second: ReadonlyMap<number, number>): Seeded {
  const differences = [...first].flatMap(([seed, score]) => (second.has(seed) ? [score - (second.get(seed) as number)] : []));
  const seeds = differences.length;
  if (seeds === 0) throw new EngineError("The two settings share no seed.", "Run both with the same seeds.");
  const difference = mean(differences);
  const reach = reachOfMean(differences) ?? Number.POSITIVE_INFINITY;
  return { difference, interval: [difference - reach, difference + reach], seeds };
}

/** Two-sided p of a paired t test that the true difference is `from`, of a difference over two seeds or more and its 95 % interval. */
export function pOfMean({ difference, interval: [low, high], seeds }: Seeded, from = 0): number {
  const error = (high - low) / 2 / studentQuantile(0.025, seeds - 1);
  const away = Math.abs(difference - from);
  if (error === 0) return away === 0 ? 1 : 0;
  return 2 * studentTail(away / error, seeds - 1);
}

/**
 * Which of several null hypotheses fall when all are tested together, so that with 95 % no true one is among them.
 * Holm, Scandinavian Journal of Statistics 6, 65-70, 1979.
 */
export function holm(ps: readonly number[]): boolean[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a] - ps[b]);
  const firstKept = order.findIndex((i, rank) => ps[i] * (ps.length - rank) > 0.05);
  const falling = new Set(firstKept < 0 ? order : order.slice(0, firstKept));
  return ps.map((_, i) => falling.has(i));
}

/** Standard deviation of a sample; NaN of fewer than two. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** Of the mean of a sample; NaN of fewer than two. */
export const standardError = (values: readonly number[]): number => deviation(values) / Math.sqrt(values.length);

/** Half the 95 % interval of the mean of a sample; undefined of fewer than two. */
export const reachOfMean = (values: readonly number[]): number | undefined =>
  values.length > 1 ? studentQuantile(0.025, values.length - 1) * standardError(values) : undefined;

export type Agreement = "agrees" | "opposite" | "cannot tell";

/** Whether a difference has the sign that a paper claims: only an interval on one side of 0 decides. */
export function agreement({ interval: [low, high] }: Difference, claimed: 1 | -1): Agreement {
  if (low > 0) return claimed > 0 ? "agrees" : "opposite";
  if (high < 0) return claimed < 0 ? "agrees" : "opposite";
  return "cannot tell";
}

/** How much worse still counts as no worse. It has to be chosen, and said, before results are seen. */
export interface Margin {
  /** What the margin is and where it comes from, in words for readers. */
  name: string;
  /** In the unit of the difference; above 0. */
  value: number;
}

export interface Inferiority {
  verdict: "no worse" | "worse" | "cannot tell";
  margin: Margin;
}

/**
 * Non-inferiority of the first: "no worse" only when the whole interval lies above -margin, "worse" when all of it lies
 * below. Throws for a margin without a name or not above 0.
 */
export function noWorse({ interval: [low, high] }: Difference, margin: Margin): Inferiority {
  if (!margin.name.trim() || !(margin.value > 0))
    throw new EngineError(`The margin "${margin.name}" is ${margin.value}.`, "Name the margin and give a value above 0.");
  const verdict = low > -margin.value ? "no worse" : high < -margin.value ? "worse" : "cannot tell";
  return { verdict, margin };
}
