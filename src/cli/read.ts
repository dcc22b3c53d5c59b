/**
 * Reads a data set or weights as the page would and says what is in them: `npm run -s read -- PATH [PATH..] [side=N] [--json]`.
 * The exit status is 1 for what is refused.
 */
import { UNREADABLE } from "../data/annotated";
import { NoBoxes } from "../data/annotations";
import type { SourceFile } from "../data/files";
import { type Opened, openFiles } from "../data/open";
import { type OpenedDetection, openDetection } from "../data/open.detection";
import { EngineError } from "../engine/errors";
import { readSafetensorsMetadata } from "../models/safetensors";
import type { Weights } from "../models/weights";
import { readDetector } from "../train/detection.network";
import { defaults } from "../train/experiment";
import { readNetwork } from "../train/network";
import { decodeInNode, decodeWholeInNode } from "./decode.node";
import { listed } from "./listed";

/** Drawn alike everywhere, as in the page. */
const SEED = 1;
const USAGE = "npm run -s read -- PATH [PATH..] [side=N] [--json]";

export async function main(argv: string[]): Promise<number> {
  const json = argv.includes("--json");
  try {
    const { paths, side } = readWords(argv.filter((word) => word !== "--json"));
    print(await readAny(paths.flatMap(listed), side), json);
    return 0;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    print({ refused: true, message: error.what, remedy: error.remedy }, json);
    return 1;
  }
}

function readWords(words: string[]): { paths: string[]; side: number } {
  const isSide = (word: string) => word.startsWith("side=");
  const paths = words.filter((word) => !isSide(word));
  const side = Number(words.findLast(isSide)?.slice("side=".length) ?? defaults().side);
  if (paths.length === 0) throw new EngineError("No file or folder is named.", USAGE);
  if (!Number.isSafeInteger(side) || side < 1) throw new EngineError("side is not a number of pixels.", USAGE);
  return { paths, side };
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

/** Reads files by the reader that fits them: a lone safetensors file, pictures with boxes where there are any, else with a class each. */
export async function readAny(files: SourceFile[], side: number): Promise<object> {
  if (files.length === 1 && files[0].path.endsWith(".safetensors")) return readWeights(files[0]);
  try {
    return boxFacts(await openDetection(files, { side, decode: decodeWholeInNode, seed: SEED }));
  } catch (error) {
    if (!(error instanceof NoBoxes)) throw error;
    return readImages(files, side, error);
  }
}

/** Where there are annotations that could not be read, that they were not is a reason too. */
async function readImages(files: SourceFile[], side: number, { what }: NoBoxes): Promise<object> {
  try {
    return imageFacts(await openFiles(files, { side, decode: decodeInNode, seed: SEED }));
  } catch (error) {
    if (!(error instanceof EngineError && what.includes(UNREADABLE))) throw error;
    throw new EngineError(`${error.what} ${what}`, error.remedy);
  }
}

async function readWeights({ path, bytes }: SourceFile): Promise<object> {
  const content = await bytes();
  const isDetector = readSafetensorsMetadata(content, path).detector !== undefined;
  const { config, weights, classes } = await (isDetector ? readDetector(content, path) : readNetwork(content, path));
  return { kind: "weights", config, ...(classes && { classes }), tensors: tensorFacts(weights) };
}

/** Shape and first values of each tensor. */
function tensorFacts(weights: Weights): object {
  return Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, { shape, values: [...data.subarray(0, 4)] }]));
}

function imageFacts({ id, name, classes, train, test, notes }: Opened): object {
  const counts = ({ labels }: typeof train) => countsOf(classes, labels);
  return {
    ...{ kind: "images", name, id, classes, train: train.count, test: test.count },
    ...{ counts: { train: counts(train), test: counts(test) }, notes },
  };
}

function boxFacts({ id, name, classes, train, test, notes }: OpenedDetection): object {
  const boxes = ({ count, truths }: typeof train) => Array.from({ length: count }, (_, i) => truths(i)).flat();
  const counts = (split: typeof train) =>
    countsOf(
      classes,
      boxes(split).map(({ category }) => category),
    );
  return {
    ...{ kind: "detection", name, id, classes, train: train.count, test: test.count },
    ...{ boxes: boxes(train).length + boxes(test).length, counts: { train: counts(train), test: counts(test) }, notes },
  };
}

/** How often each class occurs. */
function countsOf(classes: string[], labels: ArrayLike<number>): Record<string, number> {
  const counts = new Array<number>(classes.length).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]]++;
  return Object.fromEntries(classes.map((name, i) => [name, counts[i]]));
}
