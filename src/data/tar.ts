/** Tar files, gzipped or not: how CIFAR is handed out. */
import { DataError } from "./dataset";
import { isHidden, type SourceFile } from "./files";
import { gunzip, isGzip } from "./gzip";

const BLOCK = 512;
/** Header types of a plain file. */
const PLAIN = new Set(["0", "\0"]);

export const isTarName = (path: string): boolean => /\.(tar|tgz|tar\.gz)$/i.test(path);

/** The plain files in a tar, below a folder of the tar's own name. */
export async function readTar(packed: Uint8Array, name: string): Promise<SourceFile[]> {
  const bytes = isGzip(packed) ? await gunzip(packed, name) : packed;
  const folder = name.replace(/\.(tar|tgz|tar\.gz)$/i, "");
  const files: SourceFile[] = [];
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const text = (from: number, length: number) => new TextDecoder().decode(bytes.subarray(at + from, at + from + length));
    const path = text(0, 100).split("\0")[0];
    const size = Number.parseInt(text(124, 12), 8);
    if (text(257, 5) !== "ustar" || !(at + BLOCK + size <= bytes.length)) {
      throw new DataError(`${name} is a damaged or incomplete tar file.`, "Download it again, or unpack it first and choose the folder.");
    }
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    const plain = PLAIN.has(text(156, 1));
    if (plain && !isHidden(path)) files.push({ path: `${folder}/${path}`, size, bytes: () => Promise.resolve(content) });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
