/**
 * Runs that differ in some settings, each with several seeds, and their table with means and standard deviations:
 *
 *   npm run sweep -- out=sweep.jsonl seeds=1,2,3 steps=500 + teacher=none + keep=1 + keep=0.5 criterion=student,random
 *
 * Words before the first `+` hold for all runs; each `+` begins a case, and a list of values makes a case of each. Every
 * finished run is a line of `out`. Runs that stand there already are not run again, so a sweep may stop at any time. All cases of
 * one seed come before the next: a sweep that stops early still compares. The table
 * also tells how much better each case is than the first one (or case `baseline=N`, from 1) under the same seeds.
 */
import { EngineError } from "../engine/errors";
import { deviation, overSeeds, type Seeded } from "../metrics/paired";
import { mean } from "../metrics/verdicts";
import { readArguments } from "./arguments";
import { nodeEngine } from "./headless";
import { type Plan, type Row, Runs } from "./rows";
import { SOURCE_KEYS } from "./sources";

const OWN = ["out", "seeds", "baseline", "kernels"];

export async function main(argv: string[]): Promise<number> {
  const { base, cases } = readCases(argv);
  const { rest } = readArguments(base, [...OWN, ...SOURCE_KEYS]);
  const { out, seeds = "1,2,3" } = rest;
  if (!out) throw new EngineError("out is missing.", "Write out=FILE.jsonl, where finished runs are noted.");
  const baseline = baselineOf(rest.baseline, cases.length);
  const runs = new Runs(await nodeEngine(rest.kernels), out, OWN);
  if (runs.foreign) console.error(`${out} also has ${runs.foreign} rows of other code, which do not count.`);
  const plans: [name: string, plan: Plan][] = [];
  for (const seed of seeds.split(","))
    for (const words of cases) plans.push([words.join(" "), await runs.plan([...base, ...words, `seed=${seed}`])]);
  const found = new Map<string, Row[]>();
  for (const [name, plan] of plans) found.set(name, [...(found.get(name) ?? []), await runs.row(plan)]);
  console.log(table(found, baseline));
  return 0;
}

/** Which case the others are compared with, from 0. Throws an EngineError for one there is not. */
export function baselineOf(word: string | undefined, cases: number): number {
  const baseline = Number(word ?? 1);
  if (Number.isInteger(baseline) && baseline >= 1 && baseline <= cases) return baseline - 1;
  throw new EngineError(`baseline cannot be "${word}".`, `Use the number of a case, from 1 to ${cases}.`);
}

/** Words that hold for all runs, and the cases with every list of values written out. */
export function readCases(argv: readonly string[]): { base: string[]; cases: string[][] } {
  const groups: string[][] = [[]];
  for (const word of argv) word === "+" ? groups.push([]) : groups[groups.length - 1].push(word);
  const [base, ...cases] = groups;
  return { base, cases: cases.length ? cases.flatMap(expanded) : [[]] };
}

function expanded(words: string[]): string[][] {
  const [first, ...others] = words;
  if (first === undefined) return [[]];
  const [key, values = ""] = first.split("=");
  return values.split(",").flatMap((value) => expanded(others).map((tail) => [`${key}=${value}`, ...tail]));
}

/** Columns of the table, for results that the runs have; shares in percent. */
const COLUMNS = {
  ...{ student_top1: "student top-1, %", student_top5: "student top-5, %", teacher_top1: "teacher top-1, %" },
  ...{ knn_top1: "k-NN top-1, %", linear_top1: "linear top-1, %" },
  miou: "mIoU, %",
  ...{ map: "mAP, %", ap50: "AP50, %", ap75: "AP75, %", ap_s: "AP small, %", ap_m: "AP medium, %", ap_l: "AP large, %" },
  ...{ mar: "mAR, %", mar_s: "AR small, %", mar_m: "AR medium, %", mar_l: "AR large, %" },
};

/** A row for each case: means and standard deviations over its seeds, and its difference from case number `baseline` (from 0). */
export function table(found: ReadonlyMap<string, Row[]>, baseline = 0): string {
  const all = [...found.values()].flat();
  const columns = Object.entries(COLUMNS).filter(([key]) => all.some((row) => key in row));
  const costs = all.some((row) => "teacher_macs" in row);
  const compared = found.size > 1 ? columns[0] : undefined;
  const head = [
    ...["case", ...columns.map(([, title]) => title), ...(costs ? ["teacher MACs per image"] : []), "seeds"],
    ...(compared ? [`${compared[1].replace(", %", "")}, points over case ${baseline + 1}`] : []),
  ];
  const first = [...found.values()][baseline];
  const rows = [...found].map(([name, runs]) => {
    const figures = columns.map(([key]) => spread(runs.map((row) => row[key]).filter((value) => typeof value === "number")));
    const difference = compared && (runs === first ? "" : differenceOf(runs, first, compared[0]));
    return [name || "defaults", ...figures, ...(costs ? [macsOf(runs[0])] : []), runs.length, ...(compared ? [difference] : [])];
  });
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** How much better the one is, by seed, with the 95 % interval: `+1.2 [-0.3, 2.7], 3 seeds`. */
function differenceOf(runs: Row[], first: Row[], score: string): string {
  const bySeed = (rows: Row[]) => new Map(rows.map((row) => [Number(row.seed), Number(row[score])]));
  return told(overSeeds(bySeed(runs), bySeed(first)));
}

function told({ difference, interval, seeds }: Seeded): string {
  const points = (share: number) => (100 * share).toFixed(1);
  const by = `${difference > 0 ? "+" : ""}${points(difference)}`;
  return seeds > 1 ? `${by} [${interval.map(points).join(", ")}], ${seeds} seeds` : `${by}, 1 seed: no interval`;
}

function macsOf({ teacher_macs: macs, teacher_macs_full: full }: Row): string {
  if (typeof macs !== "number" || typeof full !== "number") return "";
  const more = Math.round(100 * (macs / full - 1));
  return `${(macs / 1e6).toFixed(1)} M${more ? ` (${more > 0 ? "+" : ""}${more} %)` : ""}`;
}

function spread(shares: number[]): string {
  if (shares.length === 0) return "";
  return `${(100 * mean(shares)).toFixed(1)}${shares.length > 1 ? ` ± ${(100 * deviation(shares)).toFixed(1)}` : ""}`;
}
