/**
 * What `train` and `distill` share: arguments, data, and the loop that runs a session to its end with progress, periodic
 * saves and resume.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type Dataset, unpacked } from "../data/dataset";
import type { DetectionSet } from "../data/detection";
import { openFiles } from "../data/open";
import { openDetection } from "../data/open.detection";
import { scenes } from "../data/scenes";
import { detectionScenes } from "../data/scenes.detection";
import { type Engine, openEngine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { override, type TuneStore, tune } from "../ops/tune";
import { fromPairs, KEYS, type Key, type Settings, settingsOf } from "../train/experiment";
import { type Network, readNetwork } from "../train/network";
import { Session, type SessionOptions, type StepReport } from "../train/session";
import type { Scores, Task } from "../train/task";
import { decodeInNode, decodeWholeInNode } from "./decode.node";
import { nodeGPU } from "./device.node";
import { listed } from "./listed";

/** The generated data set is the same everywhere, so that a teacher trained on it fits all runs. */
const DATA_SEED = 1;

/** Settings as the table knows them, and the arguments it does not know. */
export interface Arguments {
  settings: Settings;
  given: Set<string>;
  rest: Record<string, string>;
  json: boolean;
}

/** Reads `key=value` words and `--json`. `own` names the command's own keys. Throws on anything else. */
export function readArguments(argv: string[], own: readonly string[]): Arguments {
  const pairs: [string, string][] = [];
  const rest: Record<string, string> = {};
  for (const word of argv) {
    if (word === "--json") continue;
    const [, key, value] = /^(?:--)?([a-zA-Z]+)=(.*)$/s.exec(word) ?? [];
    if (key === undefined) throw new EngineError(`Cannot read "${word}".`, "Write key=value, or --json.");
    if (own.includes(key)) rest[key] = value;
    // "teacher" names a file or none; that there is none is a setting too.
    if (!own.includes(key) || (value === "none" && KEYS.includes(key as Key))) pairs.push([key, value]);
  }
  const { settings, problems } = fromPairs(pairs);
  if (problems.length)
    throw new EngineError(problems.join(" "), `Settings: ${[...own, ...Object.keys(settingsOf(settings.preset))].join(", ")}.`);
  return { settings, given: new Set(pairs.map(([key]) => key)), rest, json: argv.includes("--json") };
}

/** "scenes" or "scenes:TRAIN,TEST" generates that many images; anything else is a file or folder to open (commas between). */
export async function openData(source: string, side: number): Promise<Dataset> {
  const generated = generatedCounts(source, 20_000, 2000);
  if (generated) return scenes({ side, ...generated, seed: DATA_SEED });
  const { notes: _, ...read } = told(await openFiles(source.split(",").flatMap(listed), { side, decode: decodeInNode, seed: DATA_SEED }));
  return unpacked(read);
}

/** The same for images with boxes: Scenes-Detection, or COCO JSON, Pascal VOC or YOLO with their pictures. */
export async function openDetectionData(source: string, side: number): Promise<DetectionSet> {
  const generated = generatedCounts(source, 4000, 400);
  if (generated) return detectionScenes({ side, ...generated, seed: DATA_SEED });
  return told(await openDetection(source.split(",").flatMap(listed), { side, decode: decodeWholeInNode, seed: DATA_SEED }));
}

function generatedCounts(source: string, train: number, test: number): { train: number; test: number } | undefined {
  const [generated, some, others] = /^scenes(?::(\d+),(\d+))?$/.exec(source) ?? [];
  return generated === undefined ? undefined : { train: Number(some ?? train), test: Number(others ?? test) };
}

/** Says what a person should know of how data was read. */
function told<T extends { notes: string[] }>(opened: T): T {
  for (const note of opened.notes) console.error(note);
  return opened;
}

/** A network from a safetensors file. */
export async function loadNetwork(path: string, heads?: number): Promise<Network> {
  if (!existsSync(path)) throw new EngineError(`There is no file ${path}.`, "Train one with: npm run train -- out=FILE");
  return readNetwork(new Uint8Array(readFileSync(path)), basename(path), { heads });
}

/** Where measured kernel choices are kept, by adapter. */
const TUNED = ".cache/kernels.json";

const store: TuneStore = {
  get: (key) => tuned()[key],
  set(key, value) {
    mkdirSync(dirname(TUNED), { recursive: true });
    writeFileSync(TUNED, JSON.stringify({ ...tuned(), [key]: value }));
  },
};

/** What was measured before; nothing when the file is absent or unreadable. */
function tuned(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(TUNED, "utf8"));
  } catch {
    return {};
  }
}

/** An engine on this machine's adapter. A GPU's kernels are chosen by measurement, once; `kernels` overrides them. */
export async function nodeEngine(kernels?: string): Promise<Engine> {
  const engine = await openEngine(await nodeGPU());
  if (!engine.facts.software) await tune(engine, store);
  if (kernels) override(engine, kernels);
  return engine;
}

export interface Loop<T extends Task> {
  session: SessionOptions<T>;
  /** Saves here now and then, and continues from it when it exists. */
  resume?: string;
  /** Told after every `every` steps. */
  every?: number;
  log?(report: StepReport, session: Session<T>): void | Promise<void>;
  /** Told the scores on held-out data every `settings.evaluate` steps; without it nobody evaluates. */
  evaluated?(step: number, scores: Scores): void;
}

const SAVE_EVERY_MS = 60_000;

/** Runs a session to its end and returns it. */
export async function runToEnd<T extends Task>({ session: options, resume, every = 1, log, evaluated }: Loop<T>): Promise<Session<T>> {
  const saved = resume && existsSync(resume) ? new Uint8Array(readFileSync(resume)) : undefined;
  const session = saved ? Session.restore(options, saved) : Session.create(options);
  let savedAt = performance.now();
  while (!session.finished) {
    const report = await session.advance();
    if (report.step % every === 0 || session.finished) await log?.(report, session);
    if (evaluated && report.step % session.settings.evaluate === 0 && !session.finished)
      evaluated(report.step, await session.evaluate(1000));
    if (resume && performance.now() - savedAt > SAVE_EVERY_MS) {
      writeWhole(resume, await session.save());
      savedAt = performance.now();
    }
  }
  return session;
}

/** Writes a file so that a reader never sees half of it. Throws an EngineError when the place cannot be written. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
  } catch (error) {
    throw new EngineError(`Cannot write ${path}: ${(error as Error).message}.`, "Choose another place.");
  }
}
