/** Finished runs as lines of a file: a run is made once, kept, and found again by what it was made from. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { mean } from "../metrics/verdicts";
import type { Settings } from "../settings/run";
import { SCHEMA, taskOf } from "../tasks";
import { CODE } from "../tasks/claims";
import type { Sources } from "../tasks/task";
import { sized } from "../worker/sources";
import { readArguments, rounded } from "./arguments";
import { runToEnd } from "./headless";
import { openSources, openWing, SOURCE_KEYS, taughtAlike, type Wing } from "./sources";

/** A point of a run's curve: scores on the first held-out images, and mean losses of the steps since the point before. */
type Point = { step: number } & Record<string, number>;

/** A finished run. */
export interface Row {
  /** Settings, data and networks: rows of the same run have the same. */
  run: string;
  /** Rows of other code (`CODE`) are never compared with these. */
  code?: string;
  /** Name of the GPU. */
  adapter?: string;
  seed?: number;
  curve?: Point[];
  [result: string]: unknown;
}

/** A run that is to be made, unless a row of it is there. */
export interface Plan {
  run: string;
  words: string;
  settings: Settings;
  given: string[];
  wing: Wing;
  sources: Sources;
}

/** Held-out images in a point of the curve. */
const TESTED = 500;

/** Plans and makes runs, and keeps them as lines of a file. */
export class Runs {
  private readonly opened = new Map<string, Pick<Plan, "wing" | "sources">>();
  private readonly rows: Row[];
  /** How many rows of other code there are: they stay in the file and count for nothing. */
  readonly foreign: number;

  /** `own` are the command's own keys, which words may hold. Throws an EngineError for a file with a broken line, but for the last. */
  constructor(
    private readonly engine: Engine,
    private readonly path: string,
    private readonly own: readonly string[],
  ) {
    const all = readRows(path);
    this.rows = all.filter(({ code }) => code === CODE);
    this.foreign = all.length - this.rows.length;
  }

  /** What these words come to. Data and networks are opened once for all plans. */
  async plan(words: readonly string[]): Promise<Plan> {
    const { settings, given, rest } = readArguments(words, [...this.own, ...SOURCE_KEYS]);
    const task = taskOf(settings.preset);
    const alike = Object.values(taughtAlike(task, settings));
    const key = [...SOURCE_KEYS.map((name) => rest[name]), settings.side, settings.teacher, task.name, ...alike].join();
    const field = this.opened.get(key) ?? (await this.open(settings, rest));
    this.opened.set(key, field);
    const whole = sized(field.wing, settings, field.sources.start);
    return { run: nameOf(whole, given, field.sources), words: words.join(" "), settings: whole, given, ...field };
  }

  private async open(settings: Settings, rest: Record<string, string>): Promise<Pick<Plan, "wing" | "sources">> {
    const wing = await openWing(settings);
    return { wing, sources: await openSources(this.engine, wing, rest, settings) };
  }

  /** The row of a plan that was carried out. */
  find({ run }: Plan): Row | undefined {
    return this.rows.find((row) => row.run === run);
  }

  /** The row of a plan, which is carried out if it was not yet. */
  async row(plan: Plan): Promise<Row> {
    const found = this.find(plan);
    if (found) return found;
    const started = performance.now();
    const result = await carriedOut(this.engine, plan);
    const seconds = Math.round((performance.now() - started) / 1000);
    const row: Row = { run: plan.run, code: CODE, adapter: this.engine.facts.name, ...result, seconds };
    appendFileSync(this.path, `${JSON.stringify(row)}\n`);
    this.rows.push(row);
    console.error(`${plan.words}: done after ${seconds} s`);
    return row;
  }
}

async function carriedOut(engine: Engine, { settings, given, wing, sources }: Plan): Promise<Omit<Row, "run">> {
  // What runs before it have left must not count as its memory.
  engine.trim();
  const curve: Point[] = [];
  let since: Record<string, number>[] = [];
  const session = await runToEnd({
    session: { engine, runtime: wing.runtime, sources, settings, given },
    log: ({ losses }) => void since.push(losses),
    tested: TESTED,
    async evaluated(step, scores, { task }) {
      curve.push(rounded({ step, ...scores, ...(await task.masked?.(TESTED)), ...means(since) }));
      since = [];
    },
  });
  const { preset, seed } = settings;
  const outcome = await session.outcome({ whole: true });
  const row = { steps: session.step, heldout: sources.dataset.test.count, ...rounded(outcome), preset, seed, curve };
  session.destroy();
  return row;
}

/** Mean of each loss. */
function means(losses: readonly Record<string, number>[]): Record<string, number> {
  return Object.fromEntries(Object.keys(losses[0] ?? {}).map((name) => [name, mean(losses.map((row) => row[name]))]));
}

function nameOf(settings: Settings, given: readonly string[], { dataset, teacher, guide, start }: Sources): string {
  return [SCHEMA.toQuery(settings, given), dataset.id, teacher?.id ?? "alone", guide?.id, start && `as ${start.id}`]
    .filter(Boolean)
    .join(" ");
}

/** The rows of a file. A last line that breaks off, as an interrupted run may leave it, is taken away, and said. */
export function readRows(path: string): Row[] {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    return [];
  }
  const { rows, whole, rest } = rowsIn(readFileSync(path, "utf8"), path);
  if (rest) {
    console.error(`${path}: the last line breaks off and is left out; that run is made again.`);
    writeFileSync(path, whole);
  }
  return rows;
}

/** The rows of a text, the lines that are whole, and what follows them. Throws an EngineError that names a line that is no row. */
export function rowsIn(text: string, path: string): { rows: Row[]; whole: string; rest: string } {
  const end = text.lastIndexOf("\n") + 1;
  const whole = text.slice(0, end);
  const lines = whole.split("\n").slice(0, -1);
  return { rows: lines.map((line, at) => parsed(line, `${path}, line ${at + 1}`)), whole, rest: text.slice(end) };
}

function parsed(line: string, where: string): Row {
  try {
    const row: Partial<Row> | null = JSON.parse(line);
    if (typeof row?.run === "string") return row as Row;
  } catch {
    // Reported below, like a line that is something else.
  }
  throw new EngineError(`${where} is not a row.`, "Mend or delete that line.");
}
