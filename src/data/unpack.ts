/** Chosen files, looked into: what archives hold, and none of what a system hides. */
import { DataError } from "./dataset";
import { isHidden, type SourceFile } from "./files";
import { MAX_BYTES } from "./gzip";
import { isTarName, readTar } from "./tar";
import { isZipName, readZip } from "./zip";

/** The visible files, with archives replaced by what is in them. */
export async function unpacked(files: SourceFile[]): Promise<SourceFile[]> {
  const all: SourceFile[] = [];
  for (const file of files.filter(({ path }) => !isHidden(path))) {
    if (isZipName(file.path)) all.push(...readZip(await contents(file), file.path));
    else if (isTarName(file.path)) all.push(...(await readTar(await contents(file), file.path)));
    else all.push(file);
  }
  return all;
}

/** A file's bytes. Throws a DataError rather than fill a tab. */
export function contents(file: SourceFile): Promise<Uint8Array> {
  if (file.size > MAX_BYTES) throw new DataError(`${file.path} is larger than 1 GB.`, "Choose a smaller part of the data.");
  return file.bytes();
}
