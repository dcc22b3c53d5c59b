/**
 * Measures which kernel variants are fastest on this adapter, on classes of shapes, and puts them in force.
 *
 * Candidates take turns, so that a machine's slow moments fall on all of them. The record of what was measured is kept per adapter in
 * whatever store the caller has (a file, the browser's storage); `choose` in variants.ts overrides it.
 */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { FAMILIES, type Family, runnable, type Shapes, weightGradient } from "./families";
import { fitted, type Machine, machineInWords, machineOf } from "./machine";
import { add } from "./maps";
import { busyGroups } from "./product";
import { Stopwatch, shortest } from "./timing";
import { type Choice, choice, choose, GEMM, keysOf } from "./variants";

export interface TuneStore {
  get(key: string): Promise<string | undefined> | string | undefined;
  set(key: string, value: string): Promise<void> | void;
}

/** What was measured on an adapter. */
export interface TuneRecord {
  /** Of kernels and measurement: a record of another version is measured again. */
  version: number;
  /** As the adapter names itself, with its driver where it tells that. */
  adapter: string;
  choice: Choice;
  /** Milliseconds by key of the choice, by what was timed and variant. */
  times: Times;
}

type Times = Record<string, Record<string, Record<string, number>>>;

/** Raise it whenever a kernel variant or what is measured changes. */
const VERSION = 6;
const ROUNDS = 3;
/** A candidate that takes so many times as long as the best of a shape is not measured again there. */
const HOPELESS = 1.5;

/**
 * The fastest choice for this adapter: from the store, else measured now and stored. It is in force when this resolves. Rejects with what
 * befell the device, if that is lost meanwhile. What it did not survive is not tried again: the next time goes on with the choice before.
 */
export async function tune(engine: Engine, store?: TuneStore, families: readonly Family[] = FAMILIES): Promise<TuneRecord> {
  const key = `mdp-kernels ${engine.facts.name}`;
  const known = recalled(engine, await store?.get(key));
  if (known) {
    choose(engine, known.choice);
    return known;
  }
  const before = choice(engine);
  const keep = async (choice: Choice, times: Times) => {
    const record = { version: VERSION, adapter: engine.facts.name, choice, times };
    await store?.set(key, JSON.stringify(record));
    return record;
  };
  try {
    const times = await chosenByTime(engine, families);
    return await keep(choice(engine), times);
  } catch (error) {
    if (engine.failure) await keep(before, {});
    throw error;
  }
}

/** Measures, and puts in force what was fastest. */
async function chosenByTime(engine: Engine, families: readonly Family[]): Promise<Times> {
  const times: Times = {};
  for (const family of families)
    for (const [key, shapes] of Object.entries(family.classes)) {
      times[key] = await measured(engine, family, key, shapes);
      const name = fastest(times[key]);
      if (name) choose(engine, { [key]: name });
    }
  times.machine = await machineTimes(engine);
  const found = machineFrom(engine, times.machine);
  if (found) choose(engine, { machine: machineInWords(found) });
  return times;
}

/** A stored record, if it is of this version and adapter and names variants that exist and run here. */
export function recalled(engine: Engine, text: string | undefined): TuneRecord | undefined {
  try {
    const stored = JSON.parse(text ?? "") as TuneRecord;
    machineOf(stored.choice.machine);
    const runs = FAMILIES.every((f) => classesOf(f).every((key) => candidates(engine, f).includes(stored.choice[key])));
    return runs && stored.version === VERSION && stored.adapter === engine.facts.name ? stored : undefined;
  } catch {
    return undefined;
  }
}

const classesOf = ({ classes }: Family) => Object.keys(classes) as (keyof Choice)[];

const candidates = ({ facts }: Engine, family: Family): string[] => runnable(family, facts).filter((name) => family.tuned(name, facts));

/** The shortest time of each candidate, by what is timed. */
async function measured(engine: Engine, family: Family, key: string, shapes: Shapes): Promise<Times[string]> {
  const before = choice(engine);
  const times: Times[string] = {};
  for (const [shape, trace] of Object.entries(shapes)) {
    const lanes: [name: string, watch: Stopwatch][] = [];
    for (const name of candidates(engine, family)) {
      choose(engine, { [key]: name });
      const watch = await watched(engine, trace);
      if (watch) lanes.push([name, watch]);
    }
    choose(engine, before);
    const best: Record<string, number> = {};
    for (let round = 0; round <= ROUNDS; round++)
      for (const [name, watch] of lanes)
        if (round === 0 || best[name] < HOPELESS * Math.min(...Object.values(best)))
          best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, await watch.measure());
    for (const [, watch] of lanes) watch.dispose();
    times[shape] = best;
  }
  return times;
}

/** What times a trace; none where the adapter refuses its kernels or has no memory for it, as long as it lives. */
async function watched(engine: Engine, trace: Shapes[string]): Promise<Stopwatch | undefined> {
  try {
    return await Stopwatch.of(engine, trace);
  } catch (error) {
    engine.assertAlive();
    if (!(error instanceof EngineError)) throw error;
    return undefined;
  }
}

/** What is timed to fit the machine: a product of one tile, one of many, and the sum of two arrays. */
const ALONE = { m: 8192, side: 32 };
const MANY = { m: 1024, side: 2048 };
const MOVED = 2 ** 22;
const MACHINE: Shapes = {
  alone: weightGradient(ALONE.m, ALONE.side, ALONE.side),
  many: weightGradient(MANY.m, MANY.side, MANY.side),
  moved: (_, input) => add(input([MOVED]), input([MOVED])),
};

/** The shortest time of each; of the products in one part, by the variant that is chosen for deep ones. */
async function machineTimes(engine: Engine): Promise<Times[string]> {
  const before = choice(engine);
  const times: Times[string] = {};
  for (const [shape, trace] of Object.entries(MACHINE)) {
    choose(engine, { gemm: before["gemm.deep"], machine: "1" });
    const watch = await watched(engine, trace);
    choose(engine, before);
    if (!watch) continue;
    times[shape] = { [shape === "moved" ? "add" : before["gemm.deep"]]: await shortest(watch) };
    watch.dispose();
  }
  return times;
}

/** The machine that took these times, if all of them are there. */
function machineFrom(engine: Engine, times: Times[string]): Machine | undefined {
  const [alone, many, moved] = Object.keys(MACHINE).map((shape) => Object.values(times[shape] ?? {})[0]);
  if (!(alone && many && moved)) return undefined;
  const groups = busyGroups(GEMM[choice(engine)["gemm.deep"]], MANY.side, MANY.side);
  return fitted({
    alone: { ms: alone, k: ALONE.m },
    many: { ms: many, k: MANY.m, groups },
    moved: { ms: moved, floats: 3 * MOVED },
  });
}

/** Of the candidates that ran on all shapes the one that loses least: the smallest product of its times, each over the best of that shape. */
export function fastest(times: Record<string, Record<string, number>>): string | undefined {
  const shapes = Object.values(times);
  const everywhere = Object.keys(shapes[0]).filter((name) => shapes.every((of) => name in of));
  const loss = (name: string) => shapes.reduce((sum, of) => sum + Math.log(of[name] / Math.min(...Object.values(of))), 0);
  return everywhere.sort((a, b) => loss(a) - loss(b))[0];
}

/** A choice in the words that `kernels=` takes: each family's, and then the classes that have another variant. */
export function inWords(choice: Choice): string {
  const usual = new Map<string, string>();
  const others: string[] = [];
  for (const family of FAMILIES) {
    const stoodFor = keysOf(choice, family.key);
    const name = choice[stoodFor[0]];
    usual.set(family.key, name);
    others.push(...classesOf(family).filter((key) => choice[key] !== name || !stoodFor.includes(key)));
  }
  const words = [...usual, ...others.filter((key) => !usual.has(key)).map((key) => [key, choice[key as keyof Choice]] as const)];
  return [...words, ["machine", choice.machine]].map((pair) => pair.join("=")).join(",");
}

/**
 * Forces variants, all or none, named as `gemm=quad8x4,gemm.small=register4x4,rows=lane`, and the model of the adapter, `machine=512/4096`.
 * Throws an EngineError that lists what there is to choose from.
 */
export function override(engine: Engine, text: string): void {
  const pairs = text.split(",").map((pair) => pair.split("="));
  for (const [key, name] of pairs) check(engine, key, name);
  choose(engine, Object.fromEntries(pairs));
}

function check(engine: Engine, key: string, name: string): void {
  if (key === "machine") return void machineOf(name ?? "");
  const family = FAMILIES.find((f) => f.key === key || Object.hasOwn(f.classes, key));
  const keys = [...FAMILIES.flatMap((f) => [f.key, ...Object.keys(f.classes)]), "machine"];
  if (!family) throw new EngineError(`There is no kernel family "${key}".`, `Use ${[...new Set(keys)].join(", ")}.`);
  const names = runnable(family, engine.facts);
  if (!names.includes(name)) throw new EngineError(`${key} cannot be "${name}" on this adapter.`, `Use ${names.join(", ")}.`);
}
