/** What a run of the command line learns from, whatever the task: data, a teacher for them, perhaps a guide. */
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { SourceFile } from "../data/files";
import { isHubWord } from "../data/hub/word";
import { isZipName } from "../data/zip";
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import type { Settings } from "../settings/run";
import type { Value } from "../settings/setting";
import { ownTeacher, SCHEMA, taskOf } from "../tasks";
import type { ReadOptions, TaskData, TaskDefinition, TaskRuntime } from "../tasks/definition";
import { generatedBy, sampleBy, shippedFor } from "../tasks/generated";
import { type NetworkFile, networkIn } from "../tasks/networkFiles";
import type { AnyDataset, AnyNetwork, ImportHints, Sources } from "../tasks/task";
import { decodeInNode, decodeWholeInNode } from "./decode.node";
import { hubData, hubModel } from "./hub.node";
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
export const SOURCE_KEYS = ["data", "teacher", "guide", "student", "aliases"] as const;

/**
 * Opens data (of a saved run those that it is of, where they are generated), teacher ("none" for none, by default the usual one), guide, and
 * the network that the student begins as.
 */
export async function openSources(
  engine: Engine,
  wing: Wing,
  rest: Record<string, string>,
  settings: Settings,
  saved = "",
): Promise<Sources> {
  const again = rest.data ? undefined : wing.data.optionsOf(saved);
  const dataset = again ? wing.data.generated(again) : await openData(wing, rest.data ?? usualData(wing), settings.side);
  const guide = rest.guide ? await loadGuide(wing, rest.guide) : undefined;
  const start = rest.student ? await loadStart(wing, rest.student) : undefined;
  for (const note of (start && wing.runtime.networks.changesOf?.(start, dataset)) ?? []) console.error(note);
  const own = ownTeacher(settings.preset);
  if (own && rest.teacher && rest.teacher !== "none") throw new EngineError(`${settings.preset} takes no teacher.`, "Leave teacher= out.");
  if (settings.teacher === "none" || own) return { dataset, guide, start };
  const teacher = rest.teacher
    ? await loadNetwork(wing, rest.teacher, aliasesIn(rest.aliases))
    : await usualTeacher(engine, wing, dataset, settings);
  for (const note of wing.runtime.networks.adaptations?.(teacher, dataset) ?? []) console.error(note);
  return { dataset, teacher, guide, start };
}

/** The name of the task's usual generated data. */
export const usualData = ({ definition }: Wing): string => Object.keys(definition.generated.sets)[0];

/**
 * The name of a generated set, such as "scenes", or "scenes:TRAIN,TEST" for that many images; the name of real images that come with the
 * program, such as "fashion"; "hf:OWNER/NAME" for a data set on the Hub; anything else is a file or folder to open (commas between).
 */
export async function openData({ definition, data }: Wing, source: string, side: number): Promise<AnyDataset> {
  const named = generatedBy(source, definition, definition.generated.cli);
  if (named) return data.generated({ ...named, side, seed: DATA_SEED });
  const { files, ...told } = await filesOf(source, definition);
  const decoders = { square: decodeInNode, whole: decodeWholeInNode };
  const { packed, notes } = await data.open(files, { side, decoders, seed: DATA_SEED, ...told });
  for (const note of notes) console.error(note);
  return data.unpack(packed);
}

/** The files that a word stands for, and what is known of them. */
async function filesOf(source: string, definition: TaskDefinition): Promise<{ files: SourceFile[] } & Pick<ReadOptions, "name" | "most">> {
  if (isHubWord(source)) {
    if (!definition.hub)
      throw new EngineError(`Nothing of the Hub is read for students whose task ${definition.verb}.`, "Download it, and name its folder.");
    return hubData(source);
  }
  const { sample, most } = sampleBy(source, definition) ?? {};
  const paths = sample ? [join("public", sample.folder)] : source.split(",");
  return { files: paths.flatMap(listed), name: sample?.name, most };
}

/** A network from a file, or from a folder or archive that has its configuration beside it. */
export async function loadNetwork({ runtime }: Wing, path: string, told: ImportHints = {}): Promise<AnyNetwork> {
  const { bytes, name, hints } = await opened(path);
  return runtime.networks.read(bytes, name, { ...hints, ...told });
}

/** What `aliases=cat:tabby,dog:#162` says: the network's names, or numbers, for classes of the data. */
function aliasesIn(words = ""): ImportHints {
  const pairs = words
    .split(",")
    .filter(Boolean)
    .map((word) => word.split(":"));
  const broken = pairs.find((pair) => pair.length !== 2 || pair.includes(""));
  if (broken)
    throw new EngineError(`aliases cannot have "${broken.join(":")}".`, "Write aliases=CLASS:ITS NAME THERE,CLASS:#ITS NUMBER THERE.");
  return pairs.length ? { aliases: Object.fromEntries(pairs) } : {};
}

async function loadGuide({ runtime }: Wing, path: string): Promise<AnyNetwork> {
  const { readGuide } = runtime.networks;
  if (!readGuide) throw new EngineError("This method uses no guide.", "Leave guide= out, or choose a method that masks patches.");
  const { bytes, name, hints } = await opened(path);
  return (await readGuide(bytes, name, hints)).network;
}

/** The network that a student begins as. */
export async function loadStart(wing: Wing, path: string): Promise<AnyNetwork> {
  if (!wing.runtime.networks.sizesOf) throw new EngineError("Students of this task begin with fresh weights.", "Leave student= out.");
  return loadNetwork(wing, path);
}

async function opened(path: string): Promise<NetworkFile> {
  if (isHubWord(path)) return networkIn(await hubModel(path));
  if (!existsSync(path)) throw new EngineError(`There is no file ${path}.`, "Train one with: npm run train -- out=FILE");
  const whole = statSync(path).isDirectory() || isZipName(path);
  return whole ? networkIn(listed(path)) : { bytes: new Uint8Array(readFileSync(path)), name: basename(path), hints: {} };
}

/** Passes over the data that a teacher is trained for, within limits. */
const EPOCHS = 30;
const [LEAST_STEPS, MOST_STEPS] = [200, 1500];

/** What the usual teacher has of the settings of its student. */
export function taughtAlike({ teacherKind, shares = [] }: TaskDefinition, settings: Settings): Readonly<Record<string, Value>> {
  return { ...teacherKind?.(settings), ...Object.fromEntries(shares.map((key) => [key, settings[key]])) };
}

/** The teacher that comes with the page, if it is for such data; else one trained on them here, once, and kept. */
async function usualTeacher(engine: Engine, wing: Wing, dataset: AnyDataset, settings: Settings): Promise<AnyNetwork> {
  for (const file of shippedFor(wing.definition, wing.data, dataset, settings)) {
    const shipped = await loadNetwork(wing, join("public", file));
    if (fits(wing, shipped, dataset)) return shipped;
  }
  const own = taughtAlike(wing.definition, settings);
  const out = `.cache/teacher-${[...Object.values(own), dataset.id].join("-")}.safetensors`;
  if (!existsSync(out)) {
    const { batch, seed, side, preset } = settings;
    const steps = Math.min(MOST_STEPS, Math.max(LEAST_STEPS, Math.round((EPOCHS * dataset.train.count) / batch)));
    console.error(`No teacher that comes with the program is for this data. Training one first (${steps} steps); it is kept as ${out}.`);
    mkdirSync(dirname(out), { recursive: true });
    const sizes = wing.definition.sizes.small;
    const all = {
      ...SCHEMA.defaults(String(own.preset ?? preset)),
      ...sizes,
      ...own,
      lr: 2e-3,
      batch,
      seed,
      side,
      steps,
      evaluate: steps,
    } as Settings;
    await trainNetwork({ engine, wing, dataset, settings: all, out, print: (row) => console.error(JSON.stringify(row)) });
  }
  return loadNetwork(wing, out);
}

function fits({ runtime }: Wing, network: AnyNetwork, dataset: AnyDataset): boolean {
  try {
    runtime.networks.assertFits(network, dataset, true);
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
