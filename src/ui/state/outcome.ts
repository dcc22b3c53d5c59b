/** What an experiment says so far. */
import { type Agreement, agreement, noWorse, overSeeds, reachOfMean, type Seeded } from "../../metrics/paired";
import { mean } from "../../metrics/verdicts";
import type { Drawing, DrawnLine } from "../../tasks/claims";
import { reach, signed } from "../format";
import { type Experiment, isComplete, ownWords } from "./experiments";

/** The two scores under a seed; null where a run was left out, undefined where it is to come. */
export interface Row {
  seed: number;
  first: number | null | undefined;
  second: number | null | undefined;
}

/** A row for each seed. */
export function rowsOf({ scores: [first, second], seeds }: Pick<Experiment, "scores" | "seeds">): Row[] {
  return Array.from({ length: seeds }, (_, i) => ({ seed: i + 1, first: first[i], second: second[i] }));
}

interface PairedRow {
  seed: number;
  first: number;
  second: number;
}

/** Those with both scores. */
export const pairedRows = (experiment: Pick<Experiment, "scores" | "seeds">): PairedRow[] =>
  rowsOf(experiment).filter((row): row is PairedRow => typeof row.first === "number" && typeof row.second === "number");

/** The difference over the seeds that both cases have, in shares, and what it says of the claim; undefined before the first pair. */
export function outcomeOf(experiment: Pick<Experiment, "scores" | "seeds" | "claimed">): (Seeded & { verdict: Agreement }) | undefined {
  const { claimed } = experiment;
  const rows = pairedRows(experiment);
  if (!rows.length) return undefined;
  const bySeed = (of: "first" | "second") => new Map(rows.map((row) => [row.seed, row[of]]));
  const told = overSeeds(bySeed("first"), bySeed("second"));
  if (typeof claimed === "number") return { ...told, verdict: agreement(told, claimed) };
  const { verdict } = noWorse(told, { ...claimed, value: claimed.value / 100 });
  return { ...told, verdict: verdict === "no worse" ? "agrees" : verdict === "worse" ? "opposite" : "cannot tell" };
}

/** What a verdict is called for somebody who guesses. */
export const GUESSES: Record<Agreement, string> = {
  agrees: "as the paper says",
  opposite: "the other way round",
  "cannot tell": "too close to tell",
};

/** What the pairs so far say, and how the visitor's guess did. */
export function toldOf(experiment: Experiment): string {
  const outcome = outcomeOf(experiment);
  if (!outcome) return isComplete(experiment) ? "No pair is left, so nothing can be told." : "";
  const { difference, interval, seeds, verdict } = outcome;
  const by = `${signed(100 * difference)} points`;
  if (seeds < 2) return `One pair so far: ${by}. One pair cannot tell.`;
  const { guess } = experiment;
  const told = `Over ${seeds} seeds: ${by}, 95 % interval ${reach(interval.map((end) => 100 * end))}`;
  // A look after each pair, until one of them tells, would find differences that are not there.
  if (!isComplete(experiment)) return `${told} so far.`;
  return `${told}: ${GUESSES[verdict]}.${guess ? ` You expected: ${GUESSES[guess]}.` : ""}`;
}

/** The pairs as a figure: a line for each seed from the first case to the second, and their means with 95 % intervals. In percent. */
export function drawingOf(experiment: Experiment, score: string): Drawing {
  const rows = pairedRows(experiment);
  const point = (x: number, values: readonly number[]): DrawnLine["points"][number] => {
    const [y, reach] = [100 * mean(values), 100 * (reachOfMean(values) ?? Number.NaN)];
    return Number.isNaN(reach) ? [x, y, null, null] : [x, y, y - reach, y + reach];
  };
  const line = (some: readonly PairedRow[]) => [
    point(
      1,
      some.map(({ first }) => first),
    ),
    point(
      2,
      some.map(({ second }) => second),
    ),
  ];
  return {
    ...{ study: "experiment", id: "pairs", title: experiment.title, paper: experiment.paper },
    ...{ x: `1: ${ownWords(experiment, 0)}; 2: ${ownWords(experiment, 1)}`, y: `${score}, %` },
    lines: [
      { label: "mean", seeds: rows.length, points: line(rows) },
      ...rows.map((row): DrawnLine => ({ label: `seed ${row.seed}`, seeds: 0, points: line([row]) })),
    ],
  };
}
