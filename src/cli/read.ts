/**
 * Reads a data set or weights as the page would and says what is in them: `npm run -s read -- PATH [PATH..] [preset=NAME]
 * [side=N] [--json]`; a path may be `hf:OWNER/NAME`. With a preset, as its task's; else boxes are looked for first, then a class for each image. The exit status
 * is 1 for what is refused.
 */
import { UNREADABLE } from "../data/annotated";
import { NotForTask } from "../data/dataset";
import type { SourceFile } from "../data/files";
import { isHubWord } from "../data/hub/word";
import { EngineError } from "../engine/errors";
import type { Weights } from "../models/weights";
import { SCHEMA, TASKS, taskOf } from "../tasks";
import type { TaskDefinition } from "../tasks/definition";
import type { AnyNetwork } from "../tasks/task";
import { decodeInNode, decodeWholeInNode } from "./decode.node";
import { hubData } from "./hub.node";
import { listed } from "./listed";

/** Drawn alike everywhere, as in the page. */
const SEED = 1;
const USAGE = "npm run -s read -- PATH [PATH..] [preset=NAME] [side=N] [--json]";

export async function main(argv: string[]): Promise<number> {
  const json = argv.includes("--json");
  try {
    const { paths, ...asked } = readWords(argv.filter((word) => word !== "--json"));
    const files = await Promise.all(paths.map(async (path) => (isHubWord(path) ? (await hubData(path)).files : listed(path))));
    print(await readAny(files.flat(), asked), json);
    return 0;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    print({ refused: true, message: error.what, remedy: error.remedy }, json);
    return 1;
  }
}

/** How files are read: to images of that side, and as a task's where one is named. */
export interface Asked {
  side: number;
  preset?: string;
}

const WORD = /^(side|preset)=(.*)$/;

function readWords(words: string[]): Asked & { paths: string[] } {
  const paths = words.filter((word) => !WORD.test(word));
  const named = Object.fromEntries(
    words.flatMap((word) => [...word.matchAll(new RegExp(WORD, "g"))].map(([, key, value]) => [key, value])),
  );
  const side = Number(named.side ?? SCHEMA.defaults(named.preset).side);
  if (paths.length === 0) throw new EngineError("No file or folder is named.", USAGE);
  if (!Number.isSafeInteger(side) || side < 1) throw new EngineError("side is not a number of pixels.", USAGE);
  return { paths, side, ...(named.preset !== undefined && { preset: named.preset }) };
}

function print(row: object, json: boolean): void {
  const text = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  console.log(
    json
      ? JSON.stringify(row)
      : Object.entries(row)
          .flatMap(([key, value]) => `${key}: ${text(value)}`)
          .join("\n"),
  );
}

/** Reads files by the reader that fits them: a lone safetensors file as weights, all else as data. */
export async function readAny(files: SourceFile[], { side, preset }: Asked): Promise<object> {
  const tasks = preset === undefined ? Object.values(TASKS).toReversed() : [taskOf(preset)];
  if (files.length === 1 && files[0].path.endsWith(".safetensors")) return readWeights(files[0], tasks);
  return readData(files, side, preset === undefined ? tasks.filter(({ readsUnasked }) => readsUnasked) : tasks);
}

/** Tries the tasks in turn: the first whose kind of data the files are reads them. A refusal also has the reasons of those before it. */
async function readData(files: SourceFile[], side: number, [task, ...others]: TaskDefinition[], reasons: string[] = []): Promise<object> {
  const data = await task.data();
  try {
    const decoders = { square: decodeInNode, whole: decodeWholeInNode };
    const { packed, notes } = await data.open(files, { side, seed: SEED, decoders });
    const dataset = data.unpack(packed);
    const { id, name, classes, train, test } = dataset;
    return { ...data.contents(dataset), name, id, classes, train: train.count, test: test.count, notes };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (!(error instanceof NotForTask) || others.length === 0) throw new EngineError([error.what, ...reasons].join(" "), error.remedy);
    return readData(files, side, others, error.what.includes(UNREADABLE) ? [...reasons, error.what] : reasons);
  }
}

/** Tries the tasks in turn: the first that can read the weights does. A refusal has the reason of the last. */
async function readWeights(file: SourceFile, [task, ...others]: TaskDefinition[]): Promise<object> {
  const { networks } = await task.runtime();
  try {
    const network = (await networks.read(await file.bytes(), file.path, {})) as AnyNetwork & {
      config: object;
      weights: Weights;
      classes?: string[];
    };
    const { config, weights, classes } = network;
    return { kind: "weights", config, ...(classes && { classes }), tensors: tensorFacts(weights) };
  } catch (error) {
    if (!(error instanceof EngineError) || others.length === 0) throw error;
    return readWeights(file, others);
  }
}

/** Shape and first values of each tensor. */
function tensorFacts(weights: Weights): object {
  return Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, { shape, values: [...data.subarray(0, 4)] }]));
}
