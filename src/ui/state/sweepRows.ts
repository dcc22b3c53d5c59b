/** Rows of `sweep` and `claims`, which are runs of the command line, as runs to compare with. Loaded when a file has some. */
import { EngineError } from "../../engine/errors";
import { areBits } from "../../metrics/bits";
import { SCHEMA, taskOf } from "../../tasks";
import { CODE } from "../../tasks/claims";
import type { Scores } from "../../tasks/task";
import { pageOf } from "../tasks";
import { type Evaluation, History } from "./history";
import { type Run, thinned } from "./runs";

/** What a row is read for; the rest of it is passed over. */
interface SweepRow {
  /** Settings that differ from their defaults as a query, then ids: of the data, and of the teacher or "alone". */
  run: string;
  code?: string;
  preset: string;
  steps: number;
  seed?: number;
  /** Held-out images; earlier versions did not note them. */
  heldout?: number;
  right?: string;
  curve?: ({ step: number } & Record<string, number>)[];
  [result: string]: unknown;
}

/** Whether the first line of a file is such a row, not the head of a log. */
export const isSweepRow = (row: unknown): row is SweepRow => typeof (row as SweepRow | null)?.run === "string";

/** Throws an EngineError that names the file and the line for a row that is no run of this version. */
export function runOfRow(row: unknown, name: string, line: number): Omit<Run, "id" | "colour"> {
  const refuse = (why: string): never => {
    throw new EngineError(`${name}, line ${line}: ${why}.`, "Choose the rows that sweep or claims wrote, as they are.");
  };
  if (!isSweepRow(row)) return refuse("it is not a row of a sweep");
  // What is nested without end has no text.
  const code = typeof row.code === "string" ? row.code : "unknown";
  if (code !== CODE) refuse(`it is of other code (${code}, here ${CODE}), so its numbers cannot be compared`);
  if (typeof row.preset !== "string") refuse("it does not say of which method it is");
  const words = row.run.split(" ");
  const query = words[0].includes("=") ? words.shift() : "";
  const [data = refuse("it does not say what it learned from"), teacher] = words;
  const { settings, problems } = SCHEMA.fromPairs([["preset", row.preset], ...new URLSearchParams(query)]);
  if (problems.length) refuse(problems.join(" "));
  const { metric } = taskOf(settings.preset);
  const generated = pageOf(settings.preset).generated.optionsOf(data);
  const count = row.heldout ?? generated?.test ?? refuse("it does not say how many images were held out");
  if (!isCount(count) || !isCount(row.steps)) refuse("its steps, or its images held out, are no whole number");
  if (typeof row.right === "string" && !areBits(row.right, count)) refuse(`its right answers are not those to ${count} images`);
  // Each point of the curve is one of the chart: they stand for many steps already.
  const history = new History(curveOf(row).length);
  const scores = finalOf(row, metric) ?? refuse(`it has no ${metric}`);
  for (const point of curveOf(row)) {
    const [tested, losses] = parted(point, scores);
    history.push({ step: point.step, losses, rates: {}, lr: 0, ms: 0, imagesPerSecond: 0 });
    history.measured("scores", tested);
    if (metric in tested) history.tested({ step: point.step, scores: tested, count: Math.min(count, TESTED) });
  }
  const last: Evaluation = { step: row.steps, scores, count, ...(typeof row.right === "string" && { right: row.right }) };
  return {
    ...{ name: `${name.replace(/\.jsonl$/, "")} ${line}`, shown: false, settings, changes: [] },
    ...{ dataset: { id: data, name: generated ? (generated.set ?? data) : data }, teacher: teacher === "alone" ? undefined : teacher },
    ...{ step: row.steps, total: settings.steps, points: thinned(history.points) },
    ...{ evaluations: [...history.evaluations.filter(({ step }) => step < row.steps), last], sums: costOf(row, settings.batch) },
  };
}

/** Held-out images in a point of the curve, at most. */
const TESTED = 500;

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** The student's scores at the end, the one that counts first. Rows call some of them the student's. */
function finalOf(row: SweepRow, metric: string): Scores | undefined {
  const names = new Set([metric, ...curveOf(row).flatMap(Object.keys)]);
  const found = [...names].filter((key) => !key.startsWith("teacher_")).map((key) => [key, row[`student_${key}`] ?? row[key]] as const);
  const scores = Object.fromEntries(found.filter((entry): entry is [string, number] => entry[0] !== "step" && isNumber(entry[1])));
  return metric in scores ? scores : undefined;
}

const curveOf = ({ curve }: SweepRow) => (Array.isArray(curve) ? curve.filter((point) => isNumber(point?.step)) : []);

/** The numbers of a point that are scores, and those that are losses. */
function parted(point: Record<string, number>, scores: Scores): [Scores, Record<string, number>] {
  const numbers = Object.entries(point).filter(([key, value]) => key !== "step" && !key.startsWith("teacher_") && isNumber(value));
  const [tested, losses] = [true, false].map((is) => Object.fromEntries(numbers.filter(([key]) => key in scores === is)));
  return [tested, losses];
}

/** What the teacher cost in all, as masked and at all patches. */
function costOf({ teacher_macs: macs, teacher_macs_full: fullMacs, steps }: SweepRow, batch: number): Record<string, number> {
  return isNumber(macs) && isNumber(fullMacs) ? { macs: macs * batch * steps, fullMacs: fullMacs * batch * steps } : {};
}
