/**
 * `npm run bench`: how fast is a training step, ours and the peers', on this machine?
 *
 *   npm run -s bench -- --task vit-step --host chromium --json
 *
 * Without `--task` every task runs, with `--task conv` all convolutions, each in a process of its own: an engine's
 * buffer pool and a driver's warm caches must not leak from one task's figures into the next.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { DETECTORS } from "../../models/detector/config";
import { readSafetensors } from "../../models/safetensors";
import { lossSpread, type Row } from "./contest";
import { type FileRole, makeSetup, type Options, type Tensors, UsageError } from "./defaults";
import { offerGPU } from "./navigator.node";
import { CHOICES, type Choice, chosen, type Task } from "./tasks";

const USAGE = `usage: bench [--task ${CHOICES.join("|")}] [--host node|chromium] [--rounds N]
  [--student F] [--teacher F] [--batch F]   safetensors files instead of the seeded defaults
  [--heads S,T] [--keep 0..1] [--detector ${DETECTORS.join("|")}] [--seed N] [--no-peer | --tuned-peer] [--torch] [--json]
  --torch: PyTorch on the CPU takes part in steps of ViTs, where it is installed and the host is node`;

export async function main(argv: string[]): Promise<number> {
  try {
    const { task, help, ...options } = parseArguments(argv);
    if (help) {
      console.log(USAGE);
      return 0;
    }
    const tasks = chosen(task);
    if (tasks.length > 1) return await eachAlone(tasks, argv);
    report(await run({ ...options, task: tasks[0]! }), options.json);
    return 0;
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

type Arguments = Omit<Options, "task"> & { task?: Choice; help?: boolean };

/** Reads the command line; a mistake throws a one-line UsageError that names the flag. */
export function parseArguments(argv: string[]): Arguments {
  const options: Arguments = {
    host: "node",
    rounds: 7,
    heads: [4, 4],
    keep: 0.5,
    detector: "gfl",
    seed: 0,
    peer: true,
    json: false,
    files: {},
  };
  const rest = [...argv];
  while (rest.length) readFlag(rest, options);
  return options;
}

function readFlag(rest: string[], options: Arguments): void {
  const flag = rest.shift()!;
  const value = (expected: string, accept: (text: string) => boolean = () => true) => {
    const text = rest.shift();
    if (text === undefined || !accept(text)) throw new UsageError(`${flag}: expected ${expected}, got ${text ?? "nothing"}`);
    return text;
  };
  const number = (expected: string, accept: (x: number) => boolean) =>
    Number(value(expected, (text) => text.trim() !== "" && accept(Number(text))));
  const oneOf = <T extends string>(choices: readonly T[]) => value(choices.join("|"), (text) => choices.includes(text as T)) as T;
  switch (flag) {
    case "--task":
      options.task = oneOf(CHOICES);
      break;
    case "--host":
      options.host = oneOf(["node", "chromium"]);
      break;
    case "--rounds":
      options.rounds = number("a whole number from 1", (x) => Number.isInteger(x) && x >= 1);
      break;
    case "--seed":
      options.seed = number("a whole number", Number.isInteger);
      break;
    case "--keep":
      options.keep = number("a fraction above 0, at most 1", (x) => x > 0 && x <= 1);
      break;
    case "--heads":
      options.heads = value("two counts such as 4,4", (text) => /^[1-9]\d*,[1-9]\d*$/.test(text))
        .split(",")
        .map(Number) as [number, number];
      break;
    case "--detector":
      options.detector = oneOf(DETECTORS);
      break;
    case "--student":
    case "--teacher":
    case "--batch":
      options.files[flag.slice(2) as FileRole] = value("a safetensors file", (text) => !text.startsWith("--"));
      break;
    case "--no-peer":
      options.peer = false;
      break;
    case "--tuned-peer":
      options.tuned = true;
      break;
    case "--torch":
      options.torch = true;
      break;
    case "--json":
      options.json = true;
      break;
    case "--help":
      options.help = true;
      break;
    default:
      throw new UsageError(`${flag}: unknown; expected one of ${USAGE.match(/--[a-z-]+/g)!.join(" ")}`);
  }
}

async function eachAlone(tasks: Task[], argv: string[]): Promise<number> {
  let worst = 0;
  for (const task of tasks) worst = Math.max(worst, await inOwnProcess([...argv, "--task", task]));
  return worst;
}

function inOwnProcess(argv: string[]): Promise<number> {
  const [runner, self] = ["../run.mjs", "./bench.ts"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const child = spawn(process.execPath, [runner!, self!, ...argv], { stdio: "inherit" });
  return new Promise((resolve, reject) => child.once("exit", (code) => resolve(code ?? 1)).once("error", reject));
}

async function run(options: Options): Promise<Row[]> {
  const files = await readFiles(options.files);
  makeSetup(options, files);
  if (options.host === "chromium") return (await import("./browser")).runInChromium(options);
  const others = options.torch ? (await import("./torch")).torchFor(options.task) : [];
  return (await import("./engines")).runHere(await offerGPU(), options, files, others);
}

async function readFiles(paths: Options["files"]): Promise<Partial<Record<FileRole, Tensors>>> {
  const files: Partial<Record<FileRole, Tensors>> = {};
  for (const [role, path] of Object.entries(paths)) {
    try {
      // A plain copy: the `slice` of Node's own Buffer shares its memory, unlike that of the Uint8Array it claims to be.
      files[role as FileRole] = readSafetensors(new Uint8Array(await readFile(path)), path);
    } catch (error) {
      throw new UsageError(`--${role}: expected a safetensors file, ${(error as Error).message}`);
    }
  }
  return files;
}

function report(rows: Row[], json: boolean): void {
  if (json) for (const row of rows) console.log(JSON.stringify(row));
  else printTable(rows);
  const spread = lossSpread(rows);
  if (!(spread < 1e-4))
    console.error(`bench: warning: losses differ by ${spread.toExponential(1)} (relative): ${rows.map(lossOf).join(", ")}`);
}

function lossOf({ engine, loss }: Row): string {
  return `${engine} ${loss}`;
}

function printTable(rows: Row[]): void {
  const [{ task, host, adapter }] = rows as [Row];
  console.log(`${task} in ${host} on ${adapter}`);
  const header = ["engine", "ms/step", "images/s", "GFLOP/s", "first step s", "loss", "launches", "submits", "peak MB"];
  const lines = rows.map((row) => [
    row.engine,
    row.median_ms.toFixed(1),
    row.images_per_s?.toFixed(1) ?? "-",
    row.gflops.toFixed(1),
    (row.first_step_ms / 1000).toFixed(2),
    row.loss.toFixed(6),
    String(row.launches),
    String(row.submits),
    row.peak_buffer_mb.toFixed(1),
  ]);
  for (const line of [header, ...lines]) console.log(line.map((cell, i) => (i ? cell.padStart(13) : cell.padEnd(10))).join(""));
}
