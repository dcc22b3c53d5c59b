/** Files and folders of this machine, in the form in which the page gets them. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { SourceFile } from "../data/files";
import { EngineError } from "../engine/errors";

/**
 * A file, or all files below a folder; the folder's own name comes first in their paths, as browsers have it. Links are
 * followed, but not back into a folder that they lie in. Throws an EngineError where there is nothing.
 */
export function listed(path: string): SourceFile[] {
  if (!existsSync(path)) throw new EngineError(`There is no ${path}.`, "Use data=scenes, or the path of a file or folder.");
  return [...below(path, basename(resolve(path)), [])];
}

function* below(place: string, path: string, above: string[]): Generator<SourceFile> {
  const found = statSync(place, { throwIfNoEntry: false });
  if (found?.isFile()) yield sourceFile(place, path, found.size);
  if (!found?.isDirectory()) return;
  const real = realpathSync(place);
  if (above.includes(real)) return;
  for (const name of namesIn(place, path)) yield* below(join(place, name), `${path}/${name}`, [...above, real]);
}

function namesIn(place: string, path: string): string[] {
  try {
    return readdirSync(place);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function sourceFile(place: string, path: string, size: number): SourceFile {
  const bytes = async () => {
    try {
      return new Uint8Array(readFileSync(place));
    } catch (error) {
      throw unreadable(path, error);
    }
  };
  return { path, size, bytes };
}

function unreadable(path: string, error: unknown): EngineError {
  return new EngineError(`${path} cannot be read: ${(error as Error).message}.`, "Check its permissions, or leave it out.");
}
