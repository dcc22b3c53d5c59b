/** What finished runs say of a study's claims. */
import { agreement, deviation, holm, noWorse, overSeeds, pOfMean, type Seeded } from "../../metrics/paired";
import { mean } from "../../metrics/verdicts";
import { type Claim, type Instrument, type Measured, over, type Study, type Summand } from "../../tasks/claims";
import type { Row } from "../rows";

/** The rows of a study: of a case's words, by seed. */
export type Cases = ReadonlyMap<string, ReadonlyMap<number, Row>>;

/** What one of a unit is, in the unit of the rows: shares, milliseconds, bytes, nats. */
const UNITS: Record<Claim["unit"], number> = { points: 0.01, ms: 1, MB: 1e6, nats: 1 };
const DIGITS: Record<Claim["unit"], number> = { points: 1, ms: 1, MB: 1, nats: 3 };

/** Scores that stand side by side in a claim, for people. */
const SCORES: Readonly<Record<string, string>> = {
  kd: "distance to the teacher",
  ce: "labels' cross-entropy",
  teacher_ms: "as masked",
  teacher_ms_full: "if it saw every patch",
};

/** Every case that a study's claims and figures need, those of the instrument first. */
export function casesOf({ instrument, claims, figures = [] }: Study): string[] {
  const drawn = figures.flatMap(({ lines }) => lines.flatMap((line) => ("cases" in line ? line.cases : line.summands.map(({ of }) => of))));
  const proof = instrument ? [instrument.of, instrument.over] : [];
  return [...new Set([...proof, ...claims.flatMap(({ summands }) => summands.map(({ of }) => of)), ...drawn])];
}

/** On what the rows were made, which need not be what reads them; empty where none says. */
export function adaptersOf(studies: readonly Cases[]): string {
  const rows = studies.flatMap((cases) => [...cases.values()].flatMap((bySeed) => [...bySeed.values()]));
  return [...new Set(rows.flatMap(({ adapter }) => adapter ?? []))].join(" and ");
}

/** Whether the study tells what a teacher gives: at least so many points, over enough seeds, with an interval that excludes 0. */
export function instrumentOf(task: string, { name, about, instrument, seeds: wanted }: Study, cases: Cases): Instrument {
  if (!instrument) return { task, study: name, about, difference: null, interval: null, seeds: 0, proven: true };
  const { difference, interval, seeds } = judged(over(instrument.of, instrument.over, instrument.score), "points", cases);
  const proven = difference !== null && interval !== null && seeds >= wanted && difference >= instrument.least && interval[0] > 0;
  return { task, study: name, about, difference, interval, seeds, proven };
}

/** What the words of a case are for people, and for the page's address. */
interface Naming {
  nameOf(words: string): string;
  addressOf(words: string): string;
}

/** A study's claims beside what was measured, and which verdicts stand when all of them are judged together. */
export function claimsOf(study: Study, cases: Cases, proven: boolean, naming: Naming): Measured[] {
  const all = study.claims.map((claim) => measuredOf(study, claim, cases, proven, naming));
  const tested = all.flatMap((told) => {
    const p = told.seeds < study.seeds ? undefined : pOfClaim(told);
    return p === undefined ? [] : [{ told, p }];
  });
  const falls = holm(tested.map(({ p }) => p));
  const together = new Map(tested.map(({ told }, i) => [told, falls[i]]));
  return all.map((told) => (told.verdict === "cannot tell" ? told : { ...told, together: together.get(told) }));
}

/** Of 0, or of the margin; undefined where there is no interval. */
function pOfClaim({ difference, interval, seeds, margin }: Measured): number | undefined {
  return difference === null || !interval ? undefined : pOfMean({ difference, interval, seeds }, margin ? -margin.value : 0);
}

/** A claim beside what was measured. Nothing is told where the instrument is not proven, or seeds that the study wants are missing. */
export function measuredOf(study: Study, claim: Claim, cases: Cases, proven: boolean, { nameOf, addressOf }: Naming): Measured {
  const { id, title, paper, summands, claimed, unit } = claim;
  const { difference, interval, seeds } = judged(summands, unit, cases);
  const [first, second] = summands;
  const told = {
    ...{ id, title, paper, study: study.name, unit, difference, interval, seeds, measured: scoresOf(claim, cases, nameOf) },
    address: addressOf(first.of),
    ...(isPair(claim, study) && { pair: { address: addressOf(second.of), claimed } }),
  };
  // A look after each seed, until one of them tells, would find differences that are not there.
  const tells = proven && difference !== null && interval !== null && seeds >= study.seeds;
  if (typeof claimed === "number") return { ...told, verdict: tells ? agreement({ difference, interval }, claimed) : "cannot tell" };
  const { verdict } = tells ? noWorse({ difference, interval }, claimed) : { verdict: "cannot tell" as const };
  return { ...told, margin: claimed, verdict: ({ "no worse": "agrees", worse: "opposite" } as const)[verdict as "worse"] ?? "cannot tell" };
}

/** Whether a claim is about the final scores of two students, which is what the page has of its own runs. */
function isPair({ summands }: Claim, { instrument }: Study): boolean {
  const [first, second] = summands;
  const plain = summands.every(({ score, at }) => score === instrument?.score && at === undefined);
  return plain && summands.length === 2 && (first.times ?? 1) === 1 && second.times === -1;
}

/** The sum over the seeds that all of it has, with its interval; nulls where there is none, or no number. */
export function judged(summands: readonly Summand[], unit: Claim["unit"], cases: Cases) {
  const bySeed = new Map<number, number>();
  for (const seed of cases.get(summands[0].of)?.keys() ?? []) {
    const values = summands.map((summand) => resultOf(summand, cases.get(summand.of)?.get(seed)));
    const sum = values.reduce((a, value, i) => a + (summands[i].times ?? 1) * value, 0);
    if (Number.isFinite(sum)) bySeed.set(seed, sum / UNITS[unit]);
  }
  if (bySeed.size === 0) return { difference: null, interval: null, seeds: 0 };
  const zero = new Map([...bySeed.keys()].map((seed) => [seed, 0]));
  const { difference, interval, seeds }: Seeded = overSeeds(bySeed, zero);
  return { difference, interval: seeds > 1 ? ([...interval] as [number, number]) : null, seeds };
}

/** A result of a run, or of its curve; NaN where it has none. */
function resultOf({ score, at }: Summand, row: Row | undefined): number {
  if (!row) return Number.NaN;
  if (at === undefined) return Number(row[score] ?? Number.NaN);
  return pointOf(row, at)?.[score] ?? Number.NaN;
}

/** The point of a run's curve nearest to a share of it. */
function pointOf({ steps, curve = [] }: Row, at: number) {
  const away = ({ step }: { step: number }) => Math.abs(step - at * Number(steps));
  return curve.toSorted((a, b) => away(a) - away(b))[0];
}

/** Each score that goes into a claim: "Patches the teacher sees 0.5: 41.2 ± 0.8", and after which step where that is not the last. */
function scoresOf({ summands, unit }: Claim, cases: Cases, nameOf: Naming["nameOf"]): string {
  const several = new Set(summands.map(({ score }) => score)).size > 1;
  const told = summands.map((summand) => {
    const rows = [...(cases.get(summand.of)?.values() ?? [])];
    const values = rows.map((row) => resultOf(summand, row) / UNITS[unit]).filter(Number.isFinite);
    const point = summand.at !== undefined && rows[0] && pointOf(rows[0], summand.at);
    const when = point ? ` after ${point.step} of ${rows[0].steps} steps` : "";
    const what = several ? `, ${SCORES[summand.score] ?? summand.score}` : "";
    return `${nameOf(summand.of)}${what}${when}: ${values.length ? spread(values, DIGITS[unit]) : "not run"}`;
  });
  return [...new Set(told)].join("; ");
}

/** Mean ± standard deviation. */
function spread(values: number[], digits: number): string {
  return values.length > 1 ? `${mean(values).toFixed(digits)} ± ${deviation(values).toFixed(digits)}` : values[0].toFixed(digits);
}
