/**
 * Runs that differ in some settings, each with several seeds, and their table with means and standard deviations:
 *
 *   npm run sweep -- out=sweep.jsonl seeds=1,2,3 steps=500 + teacher=none + keep=1 + keep=0.5 criterion=student,random
 *
 * Words before the first `+` hold for all runs; each `+` begins a case, and a list of values makes a case of each. Every
 * finished run is a line of `out`. Runs that stand there already are not run again, so a sweep may stop at any time. The table
 * also tells how much better each case is than the first one (or case `baseline=N`, from 1) under the same seeds.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { overSeeds, type Seeded } from "../metrics/paired";
import type { Settings } from "../settings/run";
import { SCHEMA, taskOf } from "../tasks";
import type { Sources } from "../tasks/task";
import { readArguments, rounded } from "./arguments";
import { nodeEngine, runToEnd } from "./headless";
import { openSources, openWing, SOURCE_KEYS, type Wing } from "./sources";

const OWN = ["out", "seeds", "baseline", "kernels"];

/** A line of `out`: a finished run and its results. */
export interface Row {
  /** Settings, data and networks: rows of the same run have the same. */
  run: string;
  [result: string]: unknown;
}

/** A run that is to be made, unless a row of its name is there. */
interface Plan {
  run: string;
  words: string;
  settings: Settings;
  given: string[];
  wing: Wing;
  sources: Sources;
}

export async function main(argv: string[]): Promise<number> {
  const { base, cases } = readCases(argv);
  const { rest } = readArguments(base, [...OWN, ...SOURCE_KEYS]);
  const { out, seeds = "1,2,3" } = rest;
  if (!out) throw new EngineError("out is missing.", "Write out=FILE.jsonl, where finished runs are noted.");
  const baseline = baselineOf(rest.baseline, cases.length);
  const engine = await nodeEngine(rest.kernels);
  const plans = await planned(engine, base, cases, seeds.split(","));
  const found = new Map<string, Row[]>();
  for (const plan of plans) {
    const row = readRows(out).find(({ run }) => run === plan.run) ?? (await carriedOut(engine, plan, out));
    found.set(plan.words, [...(found.get(plan.words) ?? []), row]);
  }
  console.log(table(found, baseline));
  return 0;
}

/** Which case the others are compared with, from 0. Throws an EngineError for one there is not. */
export function baselineOf(word: string | undefined, cases: number): number {
  const baseline = Number(word ?? 1);
  if (Number.isInteger(baseline) && baseline >= 1 && baseline <= cases) return baseline - 1;
  throw new EngineError(`baseline cannot be "${word}".`, `Use the number of a case, from 1 to ${cases}.`);
}

/** All cases of one seed before the next: a sweep that stops early still compares. */
async function planned(engine: Engine, base: string[], cases: string[][], seeds: string[]): Promise<Plan[]> {
  const opened = new Map<string, Pick<Plan, "wing" | "sources">>();
  const plans: Plan[] = [];
  for (const seed of seeds)
    for (const words of cases) {
      const { settings, given, rest } = readArguments([...base, ...words, `seed=${seed}`], [...OWN, ...SOURCE_KEYS]);
      const key = [...SOURCE_KEYS.map((name) => rest[name]), settings.side, settings.teacher, taskOf(settings.preset).name].join();
      const field = opened.get(key) ?? (await openField(engine, settings, rest));
      opened.set(key, field);
      plans.push({ run: nameOf(settings, given, field.sources), words: words.join(" "), settings, given, ...field });
    }
  return plans;
}

async function openField(engine: Engine, settings: Settings, rest: Record<string, string>): Promise<Pick<Plan, "wing" | "sources">> {
  const wing = await openWing(settings);
  return { wing, sources: await openSources(engine, wing, rest, settings) };
}

async function carriedOut(engine: Engine, { run, words, settings, given, wing, sources }: Plan, out: string): Promise<Row> {
  const started = performance.now();
  const session = await runToEnd({ session: { engine, runtime: wing.runtime, sources, settings, given } });
  const { preset, seed } = settings;
  const result = { steps: session.step, ...rounded(await session.task.outcome()), preset, seed };
  session.destroy();
  const row = { run, ...result, seconds: Math.round((performance.now() - started) / 1000) };
  appendFileSync(out, `${JSON.stringify(row)}\n`);
  console.error(`${words} seed=${seed}: done after ${row.seconds} s`);
  return row;
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

function nameOf(settings: Settings, given: readonly string[], { dataset, teacher, guide }: Sources): string {
  return [SCHEMA.toQuery(settings, given), dataset.id, teacher?.id ?? "alone", guide?.id].filter(Boolean).join(" ");
}

function readRows(path: string): Row[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line));
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
  const mean = `${difference > 0 ? "+" : ""}${points(difference)}`;
  return seeds > 1 ? `${mean} [${interval.map(points).join(", ")}], ${seeds} seeds` : `${mean}, 1 seed: no interval`;
}

function macsOf({ teacher_macs: macs, teacher_macs_full: full }: Row): string {
  if (typeof macs !== "number" || typeof full !== "number") return "";
  const more = Math.round(100 * (macs / full - 1));
  return `${(macs / 1e6).toFixed(1)} M${more ? ` (${more > 0 ? "+" : ""}${more} %)` : ""}`;
}

function spread(shares: number[]): string {
  if (shares.length === 0) return "";
  const mean = shares.reduce((sum, x) => sum + x, 0) / shares.length;
  const variance = shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (shares.length - 1);
  return `${(100 * mean).toFixed(1)}${shares.length > 1 ? ` ± ${(100 * Math.sqrt(variance)).toFixed(1)}` : ""}`;
}
