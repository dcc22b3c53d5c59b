/** A whole run in one safetensors file: `student.*`, `carried.*`, the optimizer's moments, `extra.*`, and the rest as metadata. */
import { EngineError } from "../engine/errors";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import type { Weights } from "../models/weights";
import type { Change, Settings } from "../settings/run";
import { SCHEMA } from "../tasks";
import type { Reference } from "../tasks/task";

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
  optimizer: { step: number; first: Float32Array; second: Float32Array };
}

const FORMAT = "masked-distillation-run-2";
const WEIGHT = "student.";
const CARRIED = "carried.";
const EXTRA = "extra.";

export function writeCheckpoint({ weights, carried = new Map(), extras, optimizer, ...rest }: Checkpoint): Uint8Array {
  const tensors: Weights = new Map();
  for (const [name, weight] of weights) tensors.set(WEIGHT + name, weight);
  for (const [name, weight] of carried) tensors.set(CARRIED + name, weight);
  for (const [name, extra] of extras) tensors.set(EXTRA + name, extra);
  for (const moment of ["first", "second"] as const)
    tensors.set(`optimizer.${moment}`, { shape: [optimizer[moment].length], data: optimizer[moment] });
  return writeSafetensors(tensors, { format: FORMAT, run: JSON.stringify({ ...rest, updates: optimizer.step }) });
}

/** Throws an EngineError when the file is not a saved run, or a damaged one. */
export function readCheckpoint(bytes: Uint8Array, name = "the saved run"): Checkpoint {
  const { format, run } = readSafetensorsMetadata(bytes, name);
  if (format !== FORMAT) throw new EngineError(`${name} is not a saved run of this program.`, "Choose a file that Save wrote.");
  const tensors = readSafetensors(bytes, name);
  const { updates, settings, given, changes, ...rest } = parsed(run, name);
  const all = [...SCHEMA.before(settings.preset), ...Object.entries(settings)];
  const checked = SCHEMA.fromPairs(all.map(([key, value]) => [key, String(value)]));
  if (checked.problems.length) throw damaged(name, checked.problems.join(" "));
  const floats = (key: string) => {
    const data = tensors.get(key)?.data;
    if (!(data instanceof Float32Array)) throw damaged(name, `${key} is missing.`);
    return data;
  };
  const below = (prefix: string): Weights =>
    new Map(
      [...tensors]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, { shape, data }]) => [key.slice(prefix.length), { shape, data: data as Float32Array }]),
    );
  const carried = below(CARRIED);
  return {
    ...rest,
    settings: checked.settings,
    // Runs of earlier versions were measured once, before their first step: their settings stay.
    given: Array.isArray(given) ? given : checked.given,
    changes: changes.map((change: Change) => knownChange(change, checked.settings, name)),
    weights: below(WEIGHT),
    ...(carried.size > 0 && { carried }),
    extras: below(EXTRA),
    optimizer: { step: updates, first: floats("optimizer.first"), second: floats("optimizer.second") },
  };
}

/** A change under the key it has now: earlier versions named a method's settings without their owner. */
function knownChange(change: Change, { preset }: Settings, name: string): Change {
  const [key] = SCHEMA.keysFor(String(change?.key), preset);
  if (key !== undefined && Number.isInteger(change.step)) return { ...change, key };
  throw damaged(name, `It lists a change of "${change?.key}" that no setting has.`);
}

/** The part that is JSON, with the fields a run cannot do without. */
function parsed(text: string | undefined, name: string) {
  try {
    const run = JSON.parse(text ?? "");
    const complete = Number.isInteger(run.step) && Number.isInteger(run.updates) && run.settings && run.dataset?.id;
    if (complete && Array.isArray(run.changes)) return run;
  } catch {
    // Reported below, like a part that is missing.
  }
  throw damaged(name, "Its description of the run cannot be read.");
}

function damaged(name: string, what: string): EngineError {
  return new EngineError(`${name} is damaged or was edited: ${what}`, "Choose another saved run.");
}
