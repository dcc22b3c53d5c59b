/**
 * Measures which kernel variants are fastest on this adapter, on classes of shapes, and puts them in force.
 *
 * Candidates take turns, so that a machine's slow moments fall on all of them. The record of what was measured is kept per adapter in
 * whatever store the caller has (a file, the browser's storage); `choose` in variants.ts overrides it.
 */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { FAMILIES, type Family, runnable } from "./families";
import { Stopwatch } from "./timing";
import { type Choice, choice, choose } from "./variants";

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
  /** Milliseconds by family, class of shapes and variant. */
  times: Record<string, Record<string, Record<string, number>>>;
}

/** Raise it whenever a kernel variant or what is measured changes. */
const VERSION = 5;
const ROUNDS = 3;
/** A candidate that takes so many times as long as the best of a class is not measured again there. */
const HOPELESS = 1.5;

/** The fastest choice for this adapter: from the store, else measured now, of these families, and stored. It is in force when this resolves. */
export async function tune(engine: Engine, store?: TuneStore, families: readonly Family[] = FAMILIES): Promise<TuneRecord> {
  const { name } = engine.facts;
  const key = `mdp-kernels ${name}`;
  const known = recalled(engine, await store?.get(key));
  if (known) {
    choose(engine, known.choice);
    return known;
  }
  const times: TuneRecord["times"] = {};
  for (const family of families) {
    times[family.key] = await measured(engine, family);
    choose(engine, { [family.key]: fastest(times[family.key]) });
  }
  const record = { version: VERSION, adapter: name, choice: choice(engine), times };
  await store?.set(key, JSON.stringify(record));
  return record;
}

/** A stored record, if it is of this version and adapter and names variants that exist and run here. */
export function recalled(engine: Engine, text: string | undefined): TuneRecord | undefined {
  try {
    const stored = JSON.parse(text ?? "") as TuneRecord;
    const fits = stored.version === VERSION && stored.adapter === engine.facts.name;
    return fits && FAMILIES.every((f) => candidates(engine, f).includes(stored.choice[f.key])) ? stored : undefined;
  } catch {
    return undefined;
  }
}

const candidates = (engine: Engine, family: Family): string[] => runnable(family, engine.facts).filter(family.tuned);

/** The shortest time of each candidate, by class of shapes. */
async function measured(engine: Engine, family: Family): Promise<Record<string, Record<string, number>>> {
  const before = choice(engine);
  const times: Record<string, Record<string, number>> = {};
  for (const [shape, trace] of Object.entries(family.shapes)) {
    const lanes: [name: string, watch: Stopwatch][] = [];
    for (const name of candidates(engine, family)) {
      choose(engine, { [family.key]: name });
      lanes.push([name, await Stopwatch.of(engine, trace)]);
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

/** The candidate that loses least over all classes: the smallest product of its times, each over the best of that class. */
export function fastest(times: Record<string, Record<string, number>>): string {
  const classes = Object.values(times);
  const loss = (name: string) => classes.reduce((sum, of) => sum + Math.log(of[name] / Math.min(...Object.values(of))), 0);
  return Object.keys(classes[0]).sort((a, b) => loss(a) - loss(b))[0];
}

/** A choice in the words that `kernels=` takes. */
export const inWords = (choice: Choice): string => FAMILIES.map(({ key }) => `${key}=${choice[key]}`).join(",");

/** Forces variants, all or none, named as `gemm=quad8x4,rows=lane`. Throws an EngineError that lists what there is to choose from. */
export function override(engine: Engine, text: string): void {
  const pairs = text.split(",").map((pair) => pair.split("="));
  for (const [key, name] of pairs) {
    const family = FAMILIES.find((f) => f.key === key);
    if (!family) throw new EngineError(`There is no kernel family "${key}".`, `Use ${FAMILIES.map((f) => f.key).join(", ")}.`);
    const names = runnable(family, engine.facts);
    if (!names.includes(name)) throw new EngineError(`${key} cannot be "${name}" on this adapter.`, `Use ${names.join(", ")}.`);
  }
  choose(engine, Object.fromEntries(pairs));
}
