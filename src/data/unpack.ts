/** Chosen files, looked into: what archives hold, and none of what a system hides. */
import type { Findings } from "./annotated";
import { DataError } from "./dataset";
import { byCodePoint, foldersOf, isHidden, type SourceFile, tidied } from "./files";
import { MAX_BYTES } from "./gzip";
import { isTarName, readTar } from "./tar";
import { isZipName, readZip } from "./zip";

/**
 * The visible files, with archives replaced by what is in them, in the order of their paths: systems list a folder in
 * different orders, and what is drawn from a seed must not depend on that. Throws a DataError where there is none.
 */
export async function unpacked(files: SourceFile[], findings: Findings): Promise<SourceFile[]> {
  const tidy = files.toSorted(byPath).map((file) => ({ ...file, path: tidied(file.path) }));
  const visible = tidy.filter(({ path }) => !isHidden(path));
  if (visible.length === 0) throw nothing(files);
  const all: SourceFile[][] = [];
  for (const file of visible) {
    // A lone archive is refused for what is wrong with it.
    const inside = () => lookInto(file);
    all.push((visible.length === 1 ? await inside() : await findings.without("Archives that could not be read, left out", inside)) ?? []);
  }
  return all
    .flat()
    .filter((file) => isReachable(file.path) || void findings.add(TOO_DEEP, shortened(file.path)))
    .sort(byPath);
}

/** Longest path of a file, in letters and in folders: no system has longer ones, and what is counted by folder would take the memory of all. */
const [MOST_LETTERS, MOST_FOLDERS] = [4096, 100];
const TOO_DEEP = `Files with a path of over ${MOST_LETTERS} letters or ${MOST_FOLDERS} folders, left out`;

const isReachable = (path: string): boolean => path.length <= MOST_LETTERS && foldersOf(path).length <= MOST_FOLDERS;
const shortened = (path: string): string => `${path.slice(0, 50)} ...`;

const byPath = (a: SourceFile, b: SourceFile) => byCodePoint(a.path, b.path);

/** Archives of other kinds, by the ends of their names. */
const OTHER = /\.(rar|7z|tar\.(?:bz2|xz|zst)|tbz2?|txz|bz2|xz|zst)$/i;

async function lookInto(file: SourceFile): Promise<SourceFile[]> {
  if (isZipName(file.path)) return filled(readZip(await contents(file), file.path), file.path);
  const [, other] = OTHER.exec(file.path) ?? [];
  if (other)
    throw new DataError(`${file.path} is an archive of the kind ${other}, which is not unpacked here.`, "Choose the unpacked folder.");
  return isTarName(file.path) ? filled(await readTar(await contents(file), file.path), file.path) : [file];
}

function filled(files: SourceFile[], name: string): SourceFile[] {
  if (files.length > 0) return files;
  throw new DataError(`${name} holds no files.`, REMEDY);
}

const REMEDY = "Choose a folder or archive that has the images in it.";

function nothing([hidden]: SourceFile[]): DataError {
  const why = hidden ? `${hidden.path}, and all else that was chosen, is hidden` : "the folder, or the choice, is empty";
  return new DataError(`There are no files to read: ${why}.`, REMEDY);
}

/** A file's bytes. Throws a DataError rather than fill a tab. */
export function contents(file: SourceFile): Promise<Uint8Array> {
  if (file.size > MAX_BYTES) throw new DataError(`${file.path} is larger than 1 GB.`, "Choose a smaller part of the data.");
  return file.bytes();
}
