/**
 * Runs that differ in some settings, each with several seeds, and their table with means and standard deviations:
 *
 *   npm run sweep -- out=sweep.jsonl seeds=1,2,3 steps=500 + teacher=none + keep=1 + keep=0.5 criterion=student,random
 *
 * Words before the first `+` hold for all runs; each `+` begins a case, and a list of values makes a case of each. Every
 * finished run is a line of `out`. Runs that stand there already are not run again, so a sweep may stop at any time.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { type Settings, toQuery } from "../train/experiment";
import type { Subject } from "../train/task";
import { outcome } from "./distill";
import { nodeEngine, openSubject, readArguments, runToEnd, SUBJECT_KEYS } from "./headless";

const OWN = ["out", "seeds", "kernels"];

/** A line of `out`. */
export interface Row {
  /** Settings, data and networks: rows of the same run have the same. */
  run: string;
  seed: number;
  student_top1: number;
  teacher_top1?: number;
  teacher_macs?: number;
  teacher_macs_full?: number;
}

/** A run that is to be made, unless a row of its name is there. */
interface Plan {
  run: string;
  words: string;
  settings: Settings;
  subject: Awaited<ReturnType<typeof openSubject>>;
}

export async function main(argv: string[]): Promise<number> {
  const { base, cases } = readCases(argv);
  const { rest } = readArguments(base, [...OWN, ...SUBJECT_KEYS]);
  const { out, seeds = "1,2,3" } = rest;
  if (!out) throw new EngineError("out is missing.", "Write out=FILE.jsonl, where finished runs are noted.");
  const plans = await planned(base, cases, seeds.split(","));
  const engine = await nodeEngine(rest.kernels);
  const found = new Map<string, Row[]>();
  for (const plan of plans) {
    const row = readRows(out).find(({ run }) => run === plan.run) ?? (await carriedOut(engine, plan, out));
    found.set(plan.words, [...(found.get(plan.words) ?? []), row]);
  }
  console.log(table(found));
  return 0;
}

/** All cases of one seed before the next: a sweep that stops early still compares. */
async function planned(base: string[], cases: string[][], seeds: string[]): Promise<Plan[]> {
  const subjects = new Map<string, Plan["subject"]>();
  const plans: Plan[] = [];
  for (const seed of seeds)
    for (const words of cases) {
      const { settings, rest } = readArguments([...base, ...words, `seed=${seed}`], [...OWN, ...SUBJECT_KEYS]);
      const key = [...SUBJECT_KEYS.map((name) => rest[name]), settings.side].join();
      const subject = subjects.get(key) ?? (await openSubject(rest, settings));
      subjects.set(key, subject);
      plans.push({ run: nameOf(settings, subject), words: words.join(" "), settings, subject });
    }
  return plans;
}

async function carriedOut(engine: Engine, { run, words, settings, subject }: Plan, out: string): Promise<Row> {
  const started = performance.now();
  const session = await runToEnd({ session: { engine, subject, settings } });
  const row = { run, ...(await outcome(session)), seconds: Math.round((performance.now() - started) / 1000) };
  session.destroy();
  appendFileSync(out, `${JSON.stringify(row)}\n`);
  console.error(`${words} seed=${row.seed}: ${row.student_top1} after ${row.seconds} s`);
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

function nameOf(settings: Settings, { dataset, teacher, guide }: Subject): string {
  return [toQuery(settings), dataset.id, teacher?.id ?? "alone", guide?.id].filter(Boolean).join(" ");
}

function readRows(path: string): Row[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

/** A row for each case: mean and standard deviation over its seeds, in percent. */
export function table(found: ReadonlyMap<string, Row[]>): string {
  const rows = [...found].map(([name, runs]) => {
    const [{ teacher_macs: macs, teacher_macs_full: full }] = runs;
    const saved = macs !== undefined && full !== undefined && macs < full ? ` (-${Math.round(100 * (1 - macs / full))} %)` : "";
    const cost = macs === undefined ? "" : `${(macs / 1e6).toFixed(1)} M${saved}`;
    const teacher = runs.map((run) => run.teacher_top1).filter((top1) => top1 !== undefined);
    return [name || "defaults", spread(runs.map((run) => run.student_top1)), teacher.length ? spread(teacher) : "", cost, runs.length];
  });
  const lines = [["case", "student top-1, %", "teacher top-1, %", "teacher MACs per image", "seeds"], Array(5).fill("---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function spread(shares: number[]): string {
  const mean = shares.reduce((sum, x) => sum + x, 0) / shares.length;
  const variance = shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (shares.length - 1);
  return `${(100 * mean).toFixed(1)}${shares.length > 1 ? ` ± ${(100 * Math.sqrt(variance)).toFixed(1)}` : ""}`;
}
