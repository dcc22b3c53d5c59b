/**
 * The list of what is in a zip file, which stands at its end. Source: PKWARE's APPNOTE.TXT 6.3, sections 4.3 to 4.6 and
 * appendix D; all numbers are little-endian.
 */

export interface ZipEntry {
  /** As written, with forward slashes. */
  path: string;
  /** 0 stored, 8 deflate; `METHODS` names others. */
  method: number;
  locked: boolean;
  /** Bytes in the file, and unpacked. */
  packed: number;
  size: number;
  crc: number;
  /** Where its own header begins. */
  at: number;
}

const [END, END64, LOCATOR64, ENTRY] = [0x06054b50, 0x06064b50, 0x07064b50, 0x02014b50];
const [END_BYTES, END64_BYTES, LOCATOR_BYTES, ENTRY_BYTES] = [22, 56, 20, 46];
/** A comment of this many bytes may follow the end. */
const MAX_COMMENT = 0xffff;
const [EXTRA64, EXTRA_PATH] = [0x0001, 0x7075];
const [LOCKED, UTF8] = [1, 1 << 11];

/** All entries; throws an Error where the bytes are no whole zip file. What is announced is compared, never allocated. */
export function readDirectory(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start, limit } = findDirectory(view);
  const entries: ZipEntry[] = [];
  for (let at = start; view.getUint32(at, true) === ENTRY; ) {
    entries.push(readEntry(view, at));
    at += ENTRY_BYTES + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  if (entries.length % limit !== count) throw new Error(`${count} entries announced, ${entries.length} found`);
  return entries;
}

/** Where the list begins and how many entries it has, as far as the field can count. */
interface Directory {
  count: number;
  start: number;
  limit: number;
}

function findDirectory(view: DataView): Directory {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) !== END) continue;
    // Macs list more entries than this field can count all the same.
    return end64(view, at) ?? { count: view.getUint16(at + 10, true), start: view.getUint32(at + 16, true), limit: 2 ** 16 };
  }
  throw new Error("the end is missing");
}

/** Where numbers have outgrown the old fields, a locator before the end says where the larger ones are. */
function end64(view: DataView, end: number): Directory | undefined {
  const locator = end - LOCATOR_BYTES;
  if (locator < END64_BYTES || view.getUint32(locator, true) !== LOCATOR64) return undefined;
  const at = large(view, locator + 8);
  if (view.getUint32(at, true) !== END64) throw new Error("the larger end is missing");
  return { count: large(view, at + 32), start: large(view, at + 48), limit: Number.POSITIVE_INFINITY };
}

const large = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

function readEntry(view: DataView, at: number): ZipEntry {
  const nameLength = view.getUint16(at + 28, true);
  const flags = view.getUint16(at + 8, true);
  const extras = readExtras(view, at + ENTRY_BYTES + nameLength, view.getUint16(at + 30, true));
  const sizes = { size: view.getUint32(at + 24, true), packed: view.getUint32(at + 20, true), at: view.getUint32(at + 42, true) };
  const name = bytesOf(view, at + ENTRY_BYTES, nameLength);
  return {
    path: (extras.path ?? nameOf(name, (flags & UTF8) !== 0)).replaceAll("\\", "/"),
    method: view.getUint16(at + 10, true),
    locked: (flags & LOCKED) !== 0,
    crc: view.getUint32(at + 16, true),
    ...enlarged(sizes, extras.large),
  };
}

/** Of the extra fields, the larger numbers and the name in UTF-8. */
function readExtras(view: DataView, start: number, length: number): { large?: DataView; path?: string } {
  const found: { large?: DataView; path?: string } = {};
  for (let at = start; at + 4 <= start + length; ) {
    const [id, size] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    const field = bytesOf(view, at + 4, size);
    if (id === EXTRA64) found.large = new DataView(field.buffer, field.byteOffset, field.byteLength);
    if (id === EXTRA_PATH) found.path = new TextDecoder().decode(field.subarray(5));
    at += 4 + size;
  }
  return found;
}

/** Each number that is all ones stands in the extra field instead, in this order. */
function enlarged<T extends Record<string, number>>(numbers: T, larger: DataView | undefined): T {
  let next = 0;
  const read = (value: number) => (value === 0xffffffff && larger ? large(larger, 8 * next++) : value);
  return Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, read(value)])) as T;
}

function bytesOf(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

/** Code page 437 from 0x80 on, in which names without a flag are written, unless they are UTF-8 all the same, as Macs do. */
const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

function nameOf(bytes: Uint8Array, utf8: boolean): string {
  try {
    return new TextDecoder("utf-8", { fatal: !utf8 }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : CP437[byte - 0x80])).join("");
  }
}
