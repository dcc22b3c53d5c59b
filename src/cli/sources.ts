/** What a run of the command line learns from, whatever the task: data, a teacher for them, perhaps a guide. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import type { Settings } from "../settings/run";
import { SCHEMA, taskOf } from "../tasks";
import { generatedBy, sampleBy, shippedFor } from "../tasks/generated";
import type { AnyDataset, AnyNetwork, Sources, TaskData, TaskDefinition, TaskRuntime } from "../tasks/task";
import { decodeInNode, decodeWholeInNode } from "./decode.node";
import { listed } from "./listed";
import { trainNetwork } from "./trainNetwork";

/** The generated data set is the same everywhere, so that a teacher trained on it fits all runs. */
const DATA_SEED = 1;

/** A wing with what it loads. */
export interface Wing {
  definition: TaskDefinition;
  data: TaskData;
  runtime: TaskRuntime;
}

/** The wing of a preset. */
export async function openWing({ preset }: Settings): Promise<Wing> {
  const definition = taskOf(preset);
  const [data, runtime] = await Promise.all([definition.data(), definition.runtime()]);
  return { definition, data, runtime };
}

/** Arguments that name what a distillation is about. */
export const SOURCE_KEYS = ["data", "teacher", "guide"] as const;

/** Opens data, teacher ("none" for none, by default the usual one) and guide. */
export async function openSources(engine: Engine, wing: Wing, rest: Record<string, string>, settings: Settings): Promise<Sources> {
  const dataset = await openData(wing, rest.data ?? usualData(wing), settings.side);
  const guide = rest.guide ? await loadGuide(wing, rest.guide) : undefined;
  const { ownTeacher } = wing.definition;
  if (ownTeacher && rest.teacher && rest.teacher !== "none")
    throw new EngineError(`${settings.preset} takes no teacher: a run makes its own.`, "Leave teacher= out.");
  if (settings.teacher === "none" || ownTeacher) return { dataset, guide };
  const teacher = rest.teacher ? await loadNetwork(wing, rest.teacher) : await usualTeacher(engine, wing, dataset, settings);
  return { dataset, teacher, guide };
}

/** The name of the task's usual generated data. */
export const usualData = ({ definition }: Wing): string => Object.keys(definition.generated.sets)[0];

/**
 * The name of a generated set, such as "scenes", or "scenes:TRAIN,TEST" for that many images; the name of real images that come with the
 * program, such as "fashion"; anything else is a file or folder to open (commas between).
 */
export async function openData({ definition, data }: Wing, source: string, side: number): Promise<AnyDataset> {
  const named = generatedBy(source, definition, definition.generated.cli);
  if (named) return data.generated({ ...named, side, seed: DATA_SEED });
  const { sample, most } = sampleBy(source, definition) ?? {};
  const paths = sample ? [join("public", sample.folder)] : source.split(",");
  const decoders = { square: decodeInNode, whole: decodeWholeInNode };
  const { packed, notes } = await data.open(paths.flatMap(listed), { side, decoders, seed: DATA_SEED, name: sample?.name, most });
  for (const note of notes) console.error(note);
  return data.unpack(packed);
}

/** A network from a file. */
export function loadNetwork({ runtime }: Wing, path: string): Promise<AnyNetwork> {
  return runtime.networks.read(fileBytes(path), basename(path), {});
}

async function loadGuide({ runtime }: Wing, path: string): Promise<AnyNetwork> {
  const { readGuide } = runtime.networks;
  if (!readGuide) throw new EngineError("This method uses no guide.", "Leave guide= out, or choose a method that masks patches.");
  return (await readGuide(fileBytes(path), basename(path), {})).network;
}

function fileBytes(path: string): Uint8Array {
  if (!existsSync(path)) throw new EngineError(`There is no file ${path}.`, "Train one with: npm run train -- out=FILE");
  return new Uint8Array(readFileSync(path));
}

/** Passes over the data that a teacher is trained for, within limits. */
const EPOCHS = 30;
const [LEAST_STEPS, MOST_STEPS] = [200, 1500];

/** The teacher that comes with the page, if it is for such data; else one trained on them here, once, and kept. */
async function usualTeacher(engine: Engine, wing: Wing, dataset: AnyDataset, settings: Settings): Promise<AnyNetwork> {
  for (const file of shippedFor(wing.definition, wing.data, dataset)) {
    const shipped = await loadNetwork(wing, join("public", file));
    if (fits(wing, shipped, dataset)) return shipped;
  }
  const shared = (wing.definition.shares ?? []).map((key) => [key, settings[key]] as const);
  const out = `.cache/teacher-${[dataset.id, ...shared.map((pair) => pair.join(""))].join("-")}.safetensors`;
  if (!existsSync(out)) {
    const { batch, seed, side, preset } = settings;
    const steps = Math.min(MOST_STEPS, Math.max(LEAST_STEPS, Math.round((EPOCHS * dataset.train.count) / batch)));
    console.error(`No teacher that comes with the program is for this data. Training one first (${steps} steps); it is kept as ${out}.`);
    mkdirSync(dirname(out), { recursive: true });
    const sizes = wing.definition.sizes.small;
    const own = {
      ...SCHEMA.defaults(preset),
      ...sizes,
      ...Object.fromEntries(shared),
      lr: 2e-3,
      batch,
      seed,
      side,
      steps,
      evaluate: steps,
    } as Settings;
    await trainNetwork({ engine, wing, dataset, settings: own, out, print: (row) => console.error(JSON.stringify(row)) });
  }
  return loadNetwork(wing, out);
}

function fits({ runtime }: Wing, network: AnyNetwork, dataset: AnyDataset): boolean {
  try {
    runtime.networks.assertFits(network, dataset);
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
