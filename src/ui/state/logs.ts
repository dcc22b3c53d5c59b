/** Logs of runs that were made elsewhere, such as `log.jsonl` of a project in PyTorch, as runs to compare with. */
import { EngineError } from "../../engine/errors";
import { SCHEMA, taskOf } from "../../tasks";
import { History } from "./history";
import { type Run, thinned } from "./runs";

/** The first line of a log. */
interface Head {
  run: Record<string, string | number>;
  /** Which numbers of a line are losses. */
  losses: string[];
  /** With an id where it is, as far as the log tells, what a run here learned from. */
  data: { id?: string; name: string };
  teacher: string | null;
}

type Line = Record<string, number>;

/** Numbers of a line that are neither losses nor rates. */
const FIGURES = ["step", "images_per_s", "step_ms"];
const TESTED = "heldout_";

/** The run of a log, or the runs of a sweep's rows. Throws an EngineError for text that is neither. */
export async function runsIn(text: string, name: string): Promise<Omit<Run, "id" | "colour">[]> {
  const rows = rowsOf(text, name);
  const { isSweepRow, runOfRow } = await import("./sweepRows");
  return isSweepRow(rows[0]) ? rows.map((row, i) => runOfRow(row, name, i + 1)) : [runOfLog(rows, name)];
}

function runOfLog([head, ...lines]: unknown[], name: string): Omit<Run, "id" | "colour"> {
  if (!isHead(head)) throw notALog(name, "its first line does not say what was run");
  const odd = lines.findIndex((line) => !isLine(line));
  if (odd >= 0) throw notALog(name, `line ${odd + 2} is not the numbers of a step`);
  const { settings, problems } = SCHEMA.fromPairs(Object.entries(head.run).map(([key, value]) => [key, String(value)]));
  if (problems.length) throw notALog(name, problems.join(" "));
  // A line may stand for many steps: what is averaged is lines.
  const history = new History(lines.length);
  const named = new Map(Object.entries(taskOf(settings.preset).rateNames ?? {}).map(([own, shown]) => [shown, own]));
  for (const line of lines as Line[]) {
    const scores = Object.entries(line).filter(([key]) => key.startsWith(TESTED));
    if (scores.length) {
      const tested = Object.fromEntries(scores.map(([key, score]) => [key.slice(TESTED.length), score]));
      history.measured("scores", tested);
      history.tested({ step: line.step, scores: tested, count: line.heldout });
      continue;
    }
    const losses = Object.fromEntries(head.losses.map((loss) => [loss, line[loss]]));
    const rest = Object.entries(line).filter(([key]) => !FIGURES.includes(key) && !(key in losses));
    const rates = Object.fromEntries(rest.map(([key, rate]) => [named.get(key) ?? key, rate]));
    history.push({ step: line.step, losses, rates, lr: 0, ms: line.step_ms, imagesPerSecond: line.images_per_s });
  }
  if (!history.evaluations.length) throw notALog(name, "it has no test on held-out data to compare by");
  return {
    ...{
      name: `${head.data.name} (log)`,
      shown: true,
      settings,
      changes: [],
      dataset: { id: head.data.id ?? `log-${head.data.name}`, name: head.data.name },
    },
    ...{
      teacher: head.teacher ?? undefined,
      step: history.points.at(-1)?.step ?? 0,
      total: settings.steps,
      points: thinned(history.points),
    },
    ...{ evaluations: history.evaluations, sums: {} },
  };
}

/** Its lines. A last one that breaks off, of a file that is still written, is left out. */
function rowsOf(text: string, name: string): unknown[] {
  const end = text.lastIndexOf("\n") + 1;
  const whole = isJson(text.slice(end)) || end === 0 ? text : text.slice(0, end);
  try {
    return whole
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  } catch (error) {
    throw notALog(name, (error as Error).message);
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** A setting's: what is nested has no end that text could have. */
const isValue = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value);

function isHead(row: unknown): row is Head {
  const { run, losses, data, teacher } = (row ?? {}) as Partial<Head>;
  const isName = (value: unknown) => typeof value === "string";
  return (
    isMap(run) &&
    Object.values(run).every(isValue) &&
    Array.isArray(losses) &&
    losses.every(isName) &&
    isName(data?.name) &&
    (data?.id === undefined || isName(data.id)) &&
    (teacher === undefined || teacher === null || isName(teacher))
  );
}

/** Numbers alone, of a step; of a test, how many images were looked at, too. */
function isLine(line: unknown): line is Line {
  if (!isMap(line) || !isCount(line.step)) return false;
  const tests = Object.keys(line).some((key) => key.startsWith(TESTED));
  return Object.values(line).every((value) => Number.isFinite(value)) && (!tests || isCount(line.heldout));
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const notALog = (name: string, why: string) =>
  new EngineError(
    `${name} is not a log of a run: ${why}.`,
    "Choose the log.jsonl that train.py of a handed-over project wrote, or the rows of a sweep.",
  );
