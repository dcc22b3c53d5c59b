/** Runs the fuzzer's process: where an input ends it, or hangs and is ended, that is counted, and a new one reads the next input. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Line, type Plan, placeOf, readersOf } from "./loop";

export interface Options extends Pick<Plan, "seed" | "only"> {
  /** How long to go on, without the time that loading takes; for ever by default. */
  seconds?: number;
  /** Inputs of each reader: which is the first, and how many. */
  from?: number;
  count?: number;
}

export interface Tally {
  inputs: number;
  refused: number;
  accepted: number;
  raw: number;
  hangs: number;
}

/** An input that was not dealt with: by seed, reader and iteration it is made again. */
export interface Finding {
  reader: string;
  seed: number;
  iteration: number;
  kind: "raw" | "hang";
  what: string;
}

/** JavaScript's own memory in the process; buffers lie outside of it. */
const HEAP_MB = 512;
/** More inputs than any time is enough for. */
const MANY = 2 ** 40;

/** Reads inputs until time or count is over. Throws an EngineError for an unknown reader. */
export async function fuzz(options: Options, found: (finding: Finding) => void): Promise<Tally> {
  const { seed, only, seconds = 1e9, from = 0, count = MANY } = options;
  const readers = await readersOf(only);
  const tally: Tally = { inputs: 0, refused: 0, accepted: 0, raw: 0, hangs: 0 };
  const finding = (at: number, kind: Finding["kind"], what: string) => {
    const { reader, iteration } = placeOf(at, readers);
    tally[kind === "hang" ? "hangs" : "raw"]++;
    found({ reader: reader.name, seed, iteration, kind, what });
  };
  const to = (from + count) * readers.length;
  let left = seconds;
  for (let next = from * readers.length; next < to && left > 0; ) {
    const begun = performance.now();
    const { at, why } = await process({ seed, only, from: next, to, seconds: left }, (at, line) => {
      if ("hang" in line) finding(at, "hang", line.hang);
      else if ("what" in line) finding(at, "raw", line.what);
      else if ("end" in line) tally[line.end]++;
    });
    if (why !== undefined) finding(at, "raw", why);
    left -= (performance.now() - begun) / 1000;
    next = at + 1;
  }
  tally.inputs = tally.refused + tally.accepted + tally.raw + tally.hangs;
  return tally;
}

/** One process, until it ends: at which input, and why if nobody told. */
async function process(plan: Plan, tell: (at: number, line: Line) => void): Promise<{ at: number; why?: string }> {
  const file = fileURLToPath(new URL("./child.mjs", import.meta.url));
  const args = [`--max-old-space-size=${HEAP_MB}`, file, JSON.stringify(plan)];
  const child = spawn(globalThis.process.execPath, args, { stdio: ["ignore", "inherit", "pipe", "pipe"] });
  const errors = text(child.stderr as Readable);
  let at: number | undefined;
  let last: Line | undefined;
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    last = JSON.parse(line) as Line;
    if ("begun" in last) at = last.begun;
    else tell(at ?? plan.from, last);
  }
  const said = await errors;
  if (at === undefined && !(last && "done" in last)) throw new Error(`The fuzzer's process did not begin.\n${said}`);
  if (last && "done" in last) return { at: Number.POSITIVE_INFINITY };
  const why = /FATAL ERROR.*/.exec(said)?.[0] ?? said.slice(-500);
  return { at: at ?? plan.from, ...(last && "hang" in last ? {} : { why: `the process ended: ${why}` }) };
}
