/** Zip files, unpacked in memory, each entry when it is read. */
import { inflateSync } from "fflate";
import { crc32 } from "./crc";
import { DataError } from "./dataset";
import { isHidden, type SourceFile, tidied } from "./files";
import { MAX_BYTES, MAX_RATIO } from "./gzip";
import { readDirectory, type ZipEntry } from "./zip.directory";

export const isZipName = (path: string): boolean => /\.zip$/i.test(path);

const [STORED, DEFLATE] = [0, 8];
/** Ways of packing that are not unpacked here, by their number. */
const METHODS: Record<number, string> = { 9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd" };
const AES = 99;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;

/**
 * The files in a zip, below a folder of the zip's own name: "cats.zip" with pictures and no folders is a class "cats".
 * Sizes are checked against the limit before anything is unpacked, and nothing unpacks to more than it announces.
 * Throws a DataError that names the zip where it is damaged, too large, or none of it can be unpacked.
 */
export function readZip(bytes: Uint8Array, name: string): SourceFile[] {
  const entries = entriesOf(bytes, name);
  const total = entries.reduce((sum, entry) => sum + Math.max(entry.size, entry.packed), 0);
  if (total > MAX_BYTES)
    throw new DataError(`${name} unpacks to ${(total / 1e9).toFixed(1)} GB; 1 GB is the limit.`, "Zip a part of the images.");
  const obstacles = entries.map((entry) => obstacleOf(entry, name));
  if (obstacles.length > 0 && !obstacles.includes(undefined)) throw obstacles[0];
  const folder = name.replace(/\.zip$/i, "");
  return entries.map((entry) => {
    const path = `${folder}/${entry.path}`;
    return { path, size: entry.size, bytes: async () => contentOf(entry, bytes, path) };
  });
}

/** What is no folder and nothing hidden, with tidy paths. */
function entriesOf(bytes: Uint8Array, name: string): ZipEntry[] {
  try {
    const files = readDirectory(bytes).filter(({ path }) => !path.endsWith("/"));
    const tidy = files.map((entry) => ({ ...entry, path: tidied(entry.path) }));
    return tidy.filter(({ path }) => path !== "" && !isHidden(path));
  } catch {
    throw damaged(name, "zip file");
  }
}

function obstacleOf({ locked, method }: ZipEntry, name: string): DataError | undefined {
  if (locked || method === AES) return new DataError(`${name} is locked with a password.`, "Zip the folder again without one.");
  if (method === STORED || method === DEFLATE) return undefined;
  const how = METHODS[method] ?? `method ${method}`;
  return new DataError(`${name} is compressed with ${how}, which cannot be unpacked here.`, "Unpack it and choose the folder itself.");
}

function contentOf(entry: ZipEntry, bytes: Uint8Array, path: string): Uint8Array {
  const obstacle = obstacleOf(entry, path);
  if (obstacle) throw obstacle;
  try {
    const packed = packedOf(entry, bytes);
    if (entry.size > MAX_RATIO * packed.length) throw new Error("nothing unpacks to so much");
    const content = entry.method === STORED ? packed : inflateSync(packed, { out: new Uint8Array(entry.size) });
    if (content.length === entry.size && crc32(content) === entry.crc) return content;
  } catch {
    // Said below, like a wrong check sum.
  }
  throw damaged(path, "part of its zip file");
}

function packedOf({ at, packed }: ZipEntry, bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(at, true) !== LOCAL) throw new Error("the entry's own header is missing");
  const start = at + LOCAL_BYTES + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  return bytes.subarray(start, start + packed);
}

function damaged(name: string, what: string): DataError {
  return new DataError(`${name} is a damaged ${what}.`, "Download or zip it again; or choose the folder itself.");
}
