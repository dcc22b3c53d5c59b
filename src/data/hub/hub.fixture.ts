/** Where tests keep blocks of files, and why something was refused. */
import { DataError } from "../dataset";
import type { BlockStore } from "./remote";

/** Blocks in memory. */
export class Blocks extends Map<string, Uint8Array> implements BlockStore {
  list = async (folder: string) => [...this.keys()].flatMap((key) => (key.startsWith(`${folder}/`) ? [key.slice(folder.length + 1)] : []));
  read = async (folder: string, name: string) => this.get(`${folder}/${name}`);
  write = async (folder: string, name: string, bytes: Uint8Array) => void this.set(`${folder}/${name}`, bytes);
}

export const reason = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "nothing was refused",
    (error) => {
      if (error instanceof DataError) return `${error.what} ${error.remedy}`;
      throw error;
    },
  );
