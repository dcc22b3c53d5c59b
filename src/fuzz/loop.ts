/** What the fuzzer's process does: one input after the other, each told before and after. */
import { getHeapStatistics } from "node:v8";
import type { SourceFile } from "../data/files";
import { EngineError } from "../engine/errors";
import { Draws } from "./draws";
import { allowance, type Reader, sizeOf } from "./reader";
import { TRAPS } from "./traps";

export interface Plan {
  seed: number;
  /** Only this reader. */
  only?: string;
  /** Input to begin with, and the one before which to end, of all readers in turns. */
  from: number;
  to: number;
  /** After so many no input is begun. */
  seconds: number;
}

/** How an input ended: refused with an error for people, accepted, or by an error that was not meant. */
export type End = { end: "refused" | "accepted" } | { end: "raw"; what: string };

/** What is told: that an input is begun, by its number; how it ended; by the watch, that it takes too long; that all is done. */
export type Line = { begun: number } | End | { hang: string } | { done: true };

/** The readers of a plan. Rejects with an EngineError where there is none of that name. */
export async function readersOf(only?: string): Promise<readonly Reader[]> {
  // Readers bring the whole program with them.
  if (only === TRAPS.name) return [TRAPS];
  const { READERS } = await import("./readers");
  const readers = READERS.filter(({ name }) => only === undefined || name === only);
  if (readers.length > 0) return readers;
  throw new EngineError(`There is no reader "${only}".`, `Use one of ${READERS.map(({ name }) => name).join(", ")}.`);
}

/** Which reader an input is for, and which of that reader's inputs it is. */
export function placeOf(at: number, readers: readonly Reader[]): { reader: Reader; iteration: number } {
  return { reader: readers[at % readers.length], iteration: Math.floor(at / readers.length) };
}

/** Reads inputs until the plan ends. */
export async function run({ seed, only, from, to, seconds }: Plan, tell: (line: Line) => void): Promise<void> {
  const readers = await readersOf(only);
  // Since here the clock counts: loading took as long as it took.
  const until = performance.now() + 1000 * seconds;
  for (let at = from; at < to && performance.now() < until; at++) {
    const { reader, iteration } = placeOf(at, readers);
    tell({ begun: at });
    tell(await attempt(reader, reader.make(new Draws(seed, reader.name, iteration))));
  }
}

/** Bytes that JavaScript has taken, and the most that the process ever had: decoders of pictures take theirs elsewhere. */
function memory(): { taken: number; peak: number } {
  const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics();
  return { taken: heap + buffers, peak: 1024 * process.resourceUsage().maxRSS };
}

/** Bytes that a decoder may take at once, and that wait to be freed: the largest picture that is decoded has 400 MB. */
const DECODED = 2 ** 29;

async function attempt(reader: Reader, input: SourceFile[]): Promise<End> {
  const before = memory();
  const end = await reader.read(input).then((): End => ({ end: "accepted" }), failed);
  const after = memory();
  // What was freed meanwhile does not show in what is taken: so much it took at least.
  const [grown, risen] = [after.taken - before.taken, after.peak - before.peak];
  const allowed = allowance(reader, input);
  if (end.end === "raw" || (grown <= allowed && risen <= allowed + DECODED)) return end;
  return { end: "raw", what: `Memory: ${Math.round(Math.max(grown, risen) / 1e6)} MB for ${sizeOf(input)} bytes` };
}

/** Letters of a message that a person may be shown. */
const MOST_LETTERS = 5000;

function failed(error: unknown): End {
  if (!(error instanceof EngineError)) return { end: "raw", what: told(error) };
  const { length } = error.message;
  return length <= MOST_LETTERS ? { end: "refused" } : { end: "raw", what: `a message of ${length} letters` };
}

/** The error, and where in the program it came from. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error).slice(0, 200)}`;
  const place = /\/(src\/(?!cli\/fuzz)[^\s)]+)/.exec(error.stack ?? "")?.[1] ?? "";
  return `${error.name}: ${error.message.slice(0, 200)} ${place}`.trim();
}
