/** The conversation with the reader (`reader.ts`): where data comes from, and what becomes of it. */
import type { PackedDataset } from "../data/dataset";
import type { PackedSet } from "../data/detection";

/** Generated and shuffled alike everywhere, so that a teacher trained on a set fits all runs on it. */
export const DATA_SEED = 1;
/** Where a data set lies that its owner keeps on this device, and its description. The number rises with their shape. */
export const KEPT_DATA = "data-2";
export const KEPT_FACTS = "data-facts-2";

/** What a page can teach: to name images, or to find objects on them. */
export type KindName = "classifier" | "detector";

/** What was read, of either kind, and what a person should know of how. */
export type Made = ({ kind: "classifier"; dataset: PackedDataset } | { kind: "detector"; dataset: PackedSet }) & { notes: string[] };

/** The memory of a data set, to be handed over instead of copied. */
export function buffersOf({ train, test }: PackedDataset | PackedSet): ArrayBuffer[] {
  const arrays = [train, test].flatMap((split) => Object.values(split).filter(ArrayBuffer.isView));
  return [...new Set(arrays.map((array) => array.buffer as ArrayBuffer))];
}

/** Where a data set is read from: the files handed over before, or this device's storage. */
export type Origin = { kind: "files" } | { kind: "kept" };

/** A file that a visitor gives, with the folders that picker or drop told. */
export interface GivenFile {
  path: string;
  file: File;
}

export type ReadCommand =
  /** Some more files; a hundred thousand at once would halt the page. */
  { type: "add"; files: GivenFile[] } | { type: "read"; kind: KindName; origin: Origin; side: number };

export type ReadEvent =
  | { type: "progress"; share: number }
  | { type: "made"; made: Made }
  | { type: "refused"; message: string; remedy: string };
