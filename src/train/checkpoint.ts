/** A whole run in one safetensors file: `student.*`, `carried.*`, the optimizer's moments, `extra.*`, and the rest as metadata. */
import { EngineError, shown } from "../engine/errors";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import type { Weights } from "../models/weights";
import type { Change, Settings } from "../settings/run";
import { asPairs } from "../settings/schema";
import { SCHEMA } from "../tasks";
import type { Reference } from "../tasks/task";
import type { OptimizerState } from "./optimizer";

export interface Checkpoint {
  settings: Settings;
  /** Settings that a person has set, of those that the task would measure. */
  given: readonly string[];
  step: number;
  changes: Change[];
  /** The data and the frozen networks, which the file does not contain. */
  dataset: Reference;
  teacher?: Reference;
  guide?: Reference;
  /** The network that the student began as. */
  start?: Reference;
  weights: Weights;
  /** What the run changes without a gradient, where there is any. */
  carried?: Weights;
  /** Whatever else belongs to the run. */
  extras: Weights;
  optimizer: OptimizerState;
}

/** The number rises when an earlier version could not read what is written. */
const NUMBER = 2;
const FORMAT = `masked-distillation-run-${NUMBER}`;
const NUMBERED = /^masked-distillation-run-(\d+)$/;
const WEIGHT = "student.";
const CARRIED = "carried.";
const EXTRA = "extra.";

export function writeCheckpoint({ weights, carried = new Map(), extras, optimizer, ...rest }: Checkpoint): Uint8Array {
  const tensors: Weights = new Map();
  for (const [name, weight] of weights) tensors.set(WEIGHT + name, weight);
  for (const [name, weight] of carried) tensors.set(CARRIED + name, weight);
  for (const [name, extra] of extras) tensors.set(EXTRA + name, extra);
  for (const part of ["first", "second", "scaler"] as const) {
    const data = optimizer[part];
    if (data) tensors.set(`optimizer.${part}`, { shape: [data.length], data });
  }
  return writeSafetensors(tensors, { format: FORMAT, run: JSON.stringify({ ...rest, updates: optimizer.step }) });
}

/** Throws an EngineError when the file is not a saved run, or a damaged one. */
export function readCheckpoint(bytes: Uint8Array, name = "the saved run"): Checkpoint {
  const { format, run } = readSafetensorsMetadata(bytes, name);
  if (Number(NUMBERED.exec(format ?? "")?.[1]) > NUMBER)
    throw new EngineError(`${name} was saved by a newer version of this program (${format}).`, "Open it there, or load the newer version.");
  if (format !== FORMAT) throw new EngineError(`${name} is not a saved run of this program.`, "Choose a file that Save wrote.");
  const tensors = floatsIn(readSafetensors(bytes, name), name);
  const { updates, settings, given, changes, step, dataset, teacher, guide, start } = parsed(run, name);
  const pairs = asPairs(settings);
  const before = SCHEMA.before(new Map(pairs).get("preset") ?? "");
  const checked = SCHEMA.fromPairs([...asPairs(Object.fromEntries(before)), ...pairs]);
  if (checked.problems.length) throw elsewhere(name, checked.problems.join(" "));
  const below = (prefix: string): Weights =>
    new Map([...tensors].filter(([key]) => key.startsWith(prefix)).map(([key, weight]) => [key.slice(prefix.length), weight]));
  const carried = below(CARRIED);
  return {
    ...{ step, dataset, ...(teacher && { teacher }), ...(guide && { guide }), ...(start && { start }) },
    settings: checked.settings,
    // Runs of earlier versions were measured once, before their first step: their settings stay.
    given: given ?? checked.given,
    changes: changes.map((change) => knownChange(change, checked.settings, name)),
    weights: below(WEIGHT),
    ...(carried.size > 0 && { carried }),
    extras: below(EXTRA),
    optimizer: { step: updates, ...momentsIn(tensors, name) },
  };
}

/** All tensors, which are finite floats in a run. */
function floatsIn(tensors: ReturnType<typeof readSafetensors>, name: string): Weights {
  return new Map(
    [...tensors].map(([key, { shape, data }]) => {
      if (!(data instanceof Float32Array)) throw damaged(name, `${key} holds no floats.`);
      const bad = data.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) throw damaged(name, `${key} is ${data[bad]} at position ${bad}.`);
      return [key, { shape, data }];
    }),
  );
}

function momentsIn(tensors: Weights, name: string): Omit<Checkpoint["optimizer"], "step"> {
  const [first, second, scaler] = ["first", "second", "scaler"].map((part) => tensors.get(`optimizer.${part}`)?.data);
  if (!first || !second) throw damaged(name, `optimizer.${first ? "second" : "first"} is missing.`);
  if (first.length !== second.length || second.some((value) => value < 0))
    throw damaged(name, "optimizer.second cannot be a mean of squares.");
  return { first, second, ...(scaler && { scaler }) };
}

/** A change under the key it has now: earlier versions named a method's settings without their owner. */
function knownChange(change: unknown, { preset }: Settings, name: string): Change {
  const { step, key: told, from, to } = (isMap(change) ? change : {}) as Partial<Change>;
  const [key] = typeof told === "string" ? SCHEMA.keysFor(told, preset) : [];
  if (key === undefined || !isCount(step)) throw damaged(name, `It lists a change of ${shown(told)} that no setting has.`);
  if (!isValue(from) || !isValue(to)) throw damaged(name, `It lists a change of ${key} to ${shown(to)}.`);
  return { step, key, from, to };
}

/** What a run's JSON holds, before settings and changes are checked. */
interface Parsed {
  settings: Record<string, unknown>;
  given?: string[];
  step: number;
  updates: number;
  changes: unknown[];
  dataset: Reference;
  teacher?: Reference;
  guide?: Reference;
  start?: Reference;
}

/** The part that is JSON, with the fields a run cannot do without. */
function parsed(text: string | undefined, name: string): Parsed {
  try {
    const run: unknown = JSON.parse(text ?? "");
    if (isRun(run)) return run;
  } catch {
    // Reported below, like a part that is missing.
  }
  throw damaged(name, "Its description of the run cannot be read.");
}

function isRun(run: unknown): run is Parsed {
  if (!isMap(run)) return false;
  const { settings, given, step, updates, changes, dataset, teacher, guide, start } = run;
  const counted = isCount(step) && isCount(updates) && isMap(settings) && Array.isArray(changes);
  const isGiven = given === undefined || (Array.isArray(given) && given.every((key) => typeof key === "string"));
  return counted && isGiven && isReference(dataset) && [teacher, guide, start].every((one) => one === undefined || isReference(one));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isValue = (value: unknown): value is Change["to"] => typeof value === "string" || Number.isFinite(value);
const isReference = (value: unknown): value is Reference =>
  isMap(value) && typeof value.id === "string" && value.id !== "" && typeof value.name === "string";

/** Of a version that knew other methods, models and settings. */
function elsewhere(name: string, what: string): EngineError {
  return new EngineError(`${name} was saved by another version of this program, or edited: ${what}`, "Open it with that version.");
}

function damaged(name: string, what: string): EngineError {
  return new EngineError(`${name} is damaged or was edited: ${what}`, "Choose another saved run.");
}
