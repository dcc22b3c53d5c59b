/**
 * The papers' claims, beside what was measured at this size:
 *
 *   npm run claims -- rows=docs/rows.jsonl out=public/claims.json minutes=60
 *
 * Runs whatever is missing of the wings' studies, the instrument's proof first, then case by case. Every finished run is a line of
 * `rows`, so that it may stop at any time and goes on from there. `minutes=0` only reads what there is. `studies=NAME,...` picks studies,
 * among them tables of the papers, row by row (`studies=samkd-II`); `seeds=1,2` seeds; seeds under which a study was tuned are refused.
 */
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { SCHEMA, TASKS } from "../../tasks";
import { type ClaimsFile, CODE, type Study } from "../../tasks/claims";
import { tableStudies } from "../../tasks/tables";
import { readArguments, rounded } from "../arguments";
import { nodeEngine, writeWhole } from "../headless";
import { type Plan, type Row, Runs } from "../rows";
import { SOURCE_KEYS } from "../sources";
import { drawingOf } from "./figures";
import { caseName } from "./names";
import { adaptersOf, casesOf, claimsOf, instrumentOf } from "./report";
import { tableOf } from "./table";

const OWN = ["rows", "out", "minutes", "studies", "seeds", "kernels"];

/** A study of a task, and its runs: each case's plan by seed. */
interface Field {
  task: string;
  study: Study;
  plans: Map<string, Map<number, Plan>>;
}

export async function main(argv: string[]): Promise<number> {
  const { rest, json } = readArguments(argv, OWN);
  const { rows = "docs/rows.jsonl", out = "public/claims.json", minutes = "Infinity" } = rest;
  const until = performance.now() + 60_000 * numberOf(minutes);
  const engine = await nodeEngine(rest.kernels);
  const runs = new Runs(engine, rows, OWN);
  if (runs.foreign) console.error(`${rows} also has ${runs.foreign} rows of other code, which do not count.`);
  const fields = await Promise.all((await studiesOf(rest.studies)).map((study) => fieldOf(runs, study, rest.seeds)));
  const write = () => writeWhole(out, new TextEncoder().encode(`${JSON.stringify(fileOf(engine, runs, fields), null, 1)}\n`));
  for (const plan of inOrder(fields)) {
    if (runs.find(plan)) continue;
    if (performance.now() >= until) break;
    await runs.row(plan);
    write();
  }
  write();
  const file = fileOf(engine, runs, fields);
  console.log(json ? JSON.stringify({ final: true, ...file }) : tableOf(file));
  return 0;
}

function numberOf(minutes: string): number {
  const value = Number(minutes);
  if (value >= 0) return value;
  throw new EngineError(`minutes cannot be "${minutes}".`, "Give a number from 0, or leave it out.");
}

/** The wings' studies; or those that are named, among them the papers' tables. */
async function studiesOf(names?: string): Promise<Pick<Field, "task" | "study">[]> {
  const all = await Promise.all(
    Object.values(TASKS).map(async (task) => {
      const own = (await task.studies?.()) ?? [];
      const of = (studies: readonly Study[]) => studies.map((study) => ({ task: task.name, study }));
      return { own: of(own), tables: of(tableStudies(task, own[0])) };
    }),
  );
  if (names === undefined) return all.flatMap(({ own }) => own);
  const named = all.flatMap(({ own, tables }) => [...own, ...tables]);
  return names.split(",").map((name) => {
    const found = named.find(({ study }) => study.name === name);
    if (found) return found;
    throw new EngineError(`There is no study "${name}".`, `There are ${named.map(({ study }) => study.name).join(", ")}.`);
  });
}

async function fieldOf(runs: Runs, { task, study }: Pick<Field, "task" | "study">, only?: string): Promise<Field> {
  const seeds = only ? only.split(",").map(Number) : Array.from({ length: study.seeds }, (_, i) => i + 1);
  const tuned = seeds.filter((seed) => study.tuned.includes(seed));
  if (tuned.length)
    throw new EngineError(
      `Seed ${tuned[0]} cannot be reported: ${study.name} was tuned with it.`,
      `Use others than ${study.tuned.join(", ")}.`,
    );
  const plans: Field["plans"] = new Map();
  for (const words of casesOf(study)) {
    const bySeed = new Map<number, Plan>();
    for (const seed of seeds) bySeed.set(seed, await runs.plan([...study.base.split(" "), ...words.split(" "), `seed=${seed}`]));
    plans.set(words, bySeed);
  }
  return { task, study, plans };
}

/**
 * Instruments first, a pair of runs at a time. Then the cases of each study in the order of its claims, all seeds of one before the next:
 * a claim without all of its seeds tells nothing.
 */
function inOrder(fields: readonly Field[]): Plan[] {
  const proofs = fields.flatMap(({ study: { instrument }, plans }) =>
    instrument ? [instrument.of, instrument.over].map((of) => [...(plans.get(of)?.values() ?? [])]) : [],
  );
  const cases = fields.map(({ plans }) => [...plans.values()].map((bySeed) => [...bySeed.values()]));
  return [...turned(proofs), ...turned(cases).flat()];
}

/** The first of each list, then the second of each, and so on. */
function turned<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}

function fileOf(engine: Engine, runs: Runs, fields: readonly Field[]): ClaimsFile {
  const told = fields.map(({ task, study, plans }) => {
    const cases = new Map([...plans].map(([words, bySeed]) => [words, found(runs, bySeed)]));
    const instrument = instrumentOf(task, study, cases);
    const claims = claimsOf(study, cases, instrument.proven, {
      nameOf: caseName,
      addressOf: (words) => addressOf(study, words),
    });
    return { cases, instrument, claims, figures: (study.figures ?? []).map((figure) => drawingOf(study, figure, cases)) };
  });
  return rounded({
    ...{ code: CODE, adapter: adaptersOf(told.map(({ cases }) => cases)) || engine.facts.name },
    instrument: told.map(({ instrument }) => instrument),
    claims: told.flatMap(({ claims }) => claims),
    figures: told.flatMap(({ figures }) => figures),
  });
}

function found(runs: Runs, plans: ReadonlyMap<number, Plan>): Map<number, Row> {
  const rows = [...plans].map(([seed, plan]) => [seed, runs.find(plan)] as const);
  return new Map(rows.flatMap(([seed, row]) => (row ? [[seed, row]] : [])));
}

/** What the page's address needs to set a case up. */
function addressOf(study: Study, words: string): string {
  const { settings, given, rest } = readArguments([...study.base.split(" "), ...words.split(" ")], SOURCE_KEYS);
  return [rest.data && String(new URLSearchParams({ data: rest.data })), SCHEMA.toQuery(settings, given)].filter(Boolean).join("&");
}
