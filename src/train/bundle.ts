/**
 * A saved run on its way to another browser or machine: the checkpoint's own file with more in its metadata, namely what was seen of the run,
 * what made it, and a SHA-256 of each of its parts, by which whoever opens it knows that it is as it was saved. A file without them, as
 * earlier versions and the browser's own storage have it, opens too.
 */
import { version } from "../../package.json";
import { sha256 } from "../data/digest";
import { EngineError } from "../engine/errors";
import { readSafetensors, readSafetensorsMetadata, withMetadata } from "../models/safetensors";
import { CODE } from "../tasks/claims";
import { type Checkpoint, readCheckpoint } from "./checkpoint";

/** What made a run. */
export interface Made {
  /** Of this program. */
  version: string;
  /** Runs of other code come to other numbers (`CODE`). */
  code: string;
  /** Name of the GPU: the same bits follow on the same one alone. */
  adapter: string;
}

export interface Bundle {
  checkpoint: Checkpoint;
  /** Absent in a file that was never sealed, whose parts cannot be verified. */
  made?: Made;
  /** What was seen of the run, as whoever sealed it wrote it down. */
  history?: string;
}

const SUMS = "sha256";

/** The file with what made it, what was seen of it, and sums over all. Throws an EngineError for bytes that are no such file. */
export async function sealed(bytes: Uint8Array, adapter: string, history?: string): Promise<Uint8Array> {
  const { [SUMS]: _, ...words } = readSafetensorsMetadata(bytes);
  const made: Made = { version, code: CODE, adapter };
  const whole = withMetadata(bytes, { ...words, made: JSON.stringify(made), ...(history !== undefined && { history }) });
  const sums = Object.fromEntries(await sumsOf(whole, "the run"));
  return withMetadata(whole, { ...readSafetensorsMetadata(whole), [SUMS]: JSON.stringify(sums) });
}

/**
 * What is in a file. Rejects with an EngineError that names the file and the reason: it is cut off, a part is not as it was saved, it is from a
 * newer version, or it is no saved run.
 */
export async function opened(bytes: Uint8Array, name: string): Promise<Bundle> {
  const { [SUMS]: sums, made: text, history } = readSafetensorsMetadata(bytes, name);
  if (sums !== undefined) await verify(bytes, sums, name);
  const made = text === undefined ? undefined : madeOf(text, name);
  try {
    return { checkpoint: readCheckpoint(bytes, name), ...(made && { made }), ...(history !== undefined && { history }) };
  } catch (error) {
    if (!made || !isNewer(made.version, version) || !(error instanceof EngineError)) throw error;
    throw new EngineError(
      `${name} was saved by version ${made.version} of this program, and holds what this one (${version}) does not know: ${error.what}`,
      "Open it in the newer version.",
    );
  }
}

async function verify(bytes: Uint8Array, told: string, name: string): Promise<void> {
  const expected = new Map(Object.entries(mapOf(told) ?? {}));
  const found = await sumsOf(bytes, name);
  const parts = [...new Set([...expected.keys(), ...found.keys()])];
  const wrong = parts.filter((part) => expected.get(part) !== found.get(part));
  if (wrong.length === 0) return;
  const which = wrong.map((part) => (found.has(part) ? part : `${part} (missing)`)).join(", ");
  throw new EngineError(
    `${name} is damaged or was edited: not as it was saved (by SHA-256): ${which}.`,
    "Choose another copy, or save the run again where it was made.",
  );
}

/** SHA-256 in hexadecimal of every word of the metadata, and of all tensors that share the first part of their name, with names and shapes. */
async function sumsOf(bytes: Uint8Array, name: string): Promise<Map<string, string>> {
  const { [SUMS]: _, ...words } = readSafetensorsMetadata(bytes, name);
  const parts = new Map<string, BlobPart[]>(Object.entries(words).map(([key, word]) => [key, [word]]));
  const tensors = [...readSafetensors(bytes, name)].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [tensor, { dtype, shape, data }] of tensors) {
    const part = `${tensor.split(".")[0]}.*`;
    parts.set(part, [...(parts.get(part) ?? []), `${tensor} ${dtype} [${shape}]\n`, data as BlobPart]);
  }
  const sums = await Promise.all([...parts].map(async ([part, all]) => [part, await sumOf(all)] as const));
  return new Map(sums);
}

async function sumOf(parts: BlobPart[]): Promise<string> {
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  return [...new Uint8Array(await sha256(whole))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function madeOf(text: string, name: string): Made {
  const made = mapOf(text);
  if (made && ["version", "code", "adapter"].every((key) => typeof made[key] === "string")) return made as unknown as Made;
  throw new EngineError(`${name} is damaged or was edited: it does not say which program made it.`, "Choose another saved run.");
}

function mapOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether version a comes after b: numbers with points between. */
function isNewer(a: string, b: string): boolean {
  const [x, y] = [a, b].map((one) => one.split(".").map(Number));
  const at = x.findIndex((n, i) => n !== (y[i] ?? 0));
  return at >= 0 && x[at] > (y[at] ?? 0);
}
