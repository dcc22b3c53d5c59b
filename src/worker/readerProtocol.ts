/** Messages to and from the reader (`reader.ts`): where data come from, and the result. */
import type { SourceFile } from "../data/files";
import type { Recording } from "../data/wav";
import type { ReadOptions } from "../tasks/definition";

/** Generated and shuffled alike everywhere, so that a teacher trained on a set fits all runs on it. */
export const DATA_SEED = 1;
/** Where a data set lies that its owner keeps on this device, and its description. The number rises with their shape. */
export const KEPT_DATA = "data-2";
export const KEPT_FACTS = "data-facts-2";

/** What was read for a task, packed as its wing packs it, and what a person should know of how. */
export interface ReadData {
  task: string;
  packed: unknown;
  notes: string[];
}

/** The memory of a data set, to be handed over instead of copied: every buffer below it. */
export function buffersOf(packed: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) found.add(value.buffer as ArrayBuffer);
    else if (value && Object.getPrototypeOf(value) === Object.prototype) for (const part of Object.values(value)) visit(part);
  };
  visit(packed);
  return [...found];
}

/** Where a data set is read from: the files handed over before, or this device's storage. */
export type Origin = ({ kind: "files" } & Told) | { kind: "kept" };

/** Of files that come with the page or from the Hub: what they are called, and how many images of them are taken. */
export type Told = Pick<ReadOptions, "name" | "most"> & { /** What is to be known of how the files came about. */ notes?: string[] };

/** A file that a visitor gives, with the folders it lies in, as picker or drop say; or one that was fetched. */
export interface GivenFile extends Pick<SourceFile, "path" | "known"> {
  file: File;
}

export type ReadCommand =
  /** Some more files; a hundred thousand at once would halt the page. */
  | { type: "add"; files: GivenFile[] }
  | { type: "read"; task: string; origin: Origin; side: number }
  /** Answers `decode`; without a recording where the browser could not. */
  | { type: "decoded"; recording?: Recording };

export type ReadEvent =
  | { type: "progress"; share: number }
  /** A compressed sound, which browsers decode for pages alone. The reader waits for the answer. */
  | { type: "decode"; bytes: Uint8Array }
  | { type: "read"; read: ReadData }
  | { type: "refused"; message: string; remedy: string };
