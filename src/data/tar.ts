/**
 * Tar files, gzipped or not, as tar programs have written them since 1979: plain, ustar with a prefix, PAX and GNU with long
 * names. Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Basic Tar Format".
 */
import { DataError } from "./dataset";
import { isHidden, type SourceFile, tidied } from "./files";
import { gunzip, isGzip } from "./gzip";
import { decodeText } from "./text";

const BLOCK = 512;
/** Header types of a plain file: of POSIX, of the first tar, and one that lies in one piece. */
const PLAIN = new Set(["0", "\0", "7"]);
/** Those of headers that speak of other files: of the next one (PAX; GNU for a long name, and for where a link leads), of all. */
const EXTRA = new Set(["x", "L", "K", "g"]);

export const isTarName = (path: string): boolean => /\.(tar|tgz|tar\.gz)$/i.test(path);

interface Header {
  type: string;
  path: string;
  size: number;
}

/** What an extra header says of the file that follows it. */
type Said = Partial<Pick<Header, "path" | "size">>;

/** The plain files in a tar, below a folder of the tar's own name. Throws a DataError that names it where it is damaged. */
export async function readTar(packed: Uint8Array, name: string): Promise<SourceFile[]> {
  const bytes = isGzip(packed) ? await gunzip(packed, name) : packed;
  const folder = name.replace(/\.(tar|tgz|tar\.gz)$/i, "");
  const files: SourceFile[] = [];
  let said: Said = {};
  for (let at = 0; at + BLOCK <= bytes.length && bytes.subarray(at, at + BLOCK).some((byte) => byte !== 0); ) {
    const header = readHeader(bytes.subarray(at, at + BLOCK), name);
    const extra = EXTRA.has(header.type);
    const { type, path, size } = extra ? header : { ...header, ...said };
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) throw damaged(name);
    if (PLAIN.has(type) && !path.endsWith("/")) files.push({ path: tidied(path), size, bytes: () => Promise.resolve(content) });
    said = extra ? { ...said, ...readExtra(type, content, name) } : {};
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files.filter(({ path }) => path !== "" && !isHidden(path)).map((file) => ({ ...file, path: `${folder}/${file.path}` }));
}

function readExtra(type: string, content: Uint8Array, name: string): Said {
  if (type === "x") return readPax(content, name);
  return type === "L" ? { path: untilZero(content, name) } : {};
}

function readHeader(block: Uint8Array, name: string): Header {
  const text = (from: number, length: number) => untilZero(block.subarray(from, from + length), name);
  // The sum of all bytes, those of the sum itself taken for spaces, shows whether this is a header.
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  const size = readNumber(block.subarray(124, 136));
  if (readNumber(block.subarray(148, 156)) !== sum || size === undefined) throw damaged(name);
  const prefix = text(257, 6) === "ustar" ? text(345, 155) : "";
  return { type: String.fromCharCode(block[156]), path: prefix ? `${prefix}/${text(0, 100)}` : text(0, 100), size };
}

/** Octal digits, or base 256 behind a first byte of 0x80; undefined for anything else, negative numbers included. */
function readNumber(field: Uint8Array): number | undefined {
  if (field[0] === 0x80) return field.subarray(1).reduce((value, byte) => 256 * value + byte, 0);
  const [, digits] = /^ *([0-7]*)[ \0]*$/.exec(String.fromCharCode(...field)) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits || "0", 8);
}

/** Lines of "length key=value", the length in bytes and that of the whole line. */
function readPax(content: Uint8Array, name: string): Said {
  const said: Said = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const length = Number(decodeText(content.subarray(at, space), name));
    if (space < 0 || !(length > space - at)) throw damaged(name);
    const line = decodeText(content.subarray(space + 1, at + length - 1), name);
    const [key, value] = [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)];
    if (key === "path") said.path = value;
    if (key === "size") said.size = wholeNumber(value, name);
    at += length;
  }
  return said;
}

function wholeNumber(text: string, name: string): number {
  if (!/^\d+$/.test(text)) throw damaged(name);
  return Number(text);
}

function untilZero(bytes: Uint8Array, name: string): string {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end), name);
}

function damaged(name: string): DataError {
  return new DataError(`${name} is a damaged or incomplete tar file.`, "Download it again, or unpack it first and choose the folder.");
}
