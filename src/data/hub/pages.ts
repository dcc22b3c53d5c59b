/**
 * A column's pages, walked over before a library unpacks them. That library takes the numbers in them for true: a damaged page of a few
 * bytes keeps it counting to billions, or takes all memory. Here nothing is made but what the pages' bytes can hold.
 * Source: apache/parquet-format, README.md ("Data Pages") and Encodings.md.
 */
import type { ColumnMetaData, Compressors, PageHeader, SchemaTree } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import { MAX_BYTES } from "../gzip";
import { assertCount } from "./footer";
import { Cursor, skipStruct } from "./thrift";

/** Values of a column's part that may take no room at all, as where all are alike. Beyond, a byte holds eight at most. */
const FREE_VALUES = 2 ** 18;
const VALUES_PER_BYTE = 8;
/** Bytes that a codec makes of one, at most; those that are not here have no bound that would be of use. */
const GROWTH: Partial<Record<string, number>> = { SNAPPY: 22, GZIP: 1032, LZ4: 256, LZ4_RAW: 256 };
const MOST_GROWTH = 2 ** 15;
/** Differences in a part of a block, at most, and bits of each. */
const [MOST_DELTAS, MOST_DELTA_BITS] = [2 ** 16, 64];

interface Column {
  meta: ColumnMetaData;
  /** From the root of the schema to the column. */
  path: SchemaTree[];
  compressors: Compressors;
}

/** Throws an Error that says what is wrong with a column's pages: sizes, numbers of values, runs longer than their page. */
export function assertPages(bytes: Uint8Array, column: Column): void {
  const cursor = new Cursor(bytes);
  let values = 0;
  let unpacked = 0;
  // As the library does: a last byte is no page.
  while (cursor.left > 1) {
    const header = headerAt(cursor);
    const from = cursor.at;
    cursor.skip(assertCount(header.compressed_page_size, "bytes in a page"));
    unpacked += assertCount(header.uncompressed_page_size, "bytes in an unpacked page");
    if (unpacked > MAX_BYTES) throw new Error(`its pages unpack to more than ${MAX_BYTES / 1e9} GB`);
    values += assertPage(header, bytes.subarray(from, cursor.at), column);
    if (values > Math.max(FREE_VALUES, VALUES_PER_BYTE * unpacked)) throw new Error(`its pages say that they have ${values} values`);
  }
}

function headerAt(cursor: Cursor): PageHeader {
  const { bytes, at } = cursor;
  skipStruct(cursor);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, cursor.at - at);
  return parquetHeader({ view, offset: 0 });
}

/** Returns how many values the page has. */
function assertPage(header: PageHeader, packed: Uint8Array, column: Column): number {
  const { type, uncompressed_page_size: size } = header;
  const { meta, path, compressors } = column;
  const two = type === "DATA_PAGE_V2" ? header.data_page_header_v2 : undefined;
  const head = two ?? (type === "DATA_PAGE" ? header.data_page_header : header.dictionary_page_header);
  if (!head) throw new Error("a page does not say what it holds");
  const count = assertCount(head.num_values, "values in a page");
  if (count > Math.max(FREE_VALUES, VALUES_PER_BYTE * size)) throw new Error(`a page of ${size} bytes says that it has ${count} values`);
  const levels = two ? levelsOf(two, packed.length, size, count) : 0;
  // Of no values there are no bytes, packed or not.
  const isPacked = two?.is_compressed !== false && size > levels;
  if (isPacked) assertGrowth(size - levels, packed.length - levels, meta);
  if (type === "DICTIONARY_PAGE") return count;
  const widths = [getMaxRepetitionLevel(path), getMaxDefinitionLevel(path)].map(bitsOf);
  if (two) skipLevels(packed, [two.repetition_levels_byte_length, two.definition_levels_byte_length], widths, count);
  const body = packed.subarray(levels);
  const page = new Cursor(isPacked ? decompressPage(body, size - levels, meta.codec, compressors) : body);
  if (!two) for (const width of widths) if (width > 0) skipRuns(page, width, count, lengthAt(page));
  skipValues(page, head.encoding, path.at(-1)!.element.type === "BOOLEAN", count);
  return count;
}

/** Bytes of a page's levels where its header says so. */
function levelsOf(two: NonNullable<PageHeader["data_page_header_v2"]>, packed: number, size: number, count: number): number {
  const lengths = [two.repetition_levels_byte_length, two.definition_levels_byte_length];
  const levels = lengths.reduce((sum, one) => sum + assertCount(one, "bytes of levels"), 0);
  if (levels > packed || levels > size) throw new Error(`a page of ${packed} bytes says that ${levels} of them are levels`);
  if (assertCount(two.num_nulls, "empty values") > count) throw new Error(`of ${count} values ${two.num_nulls} are said to be empty`);
  assertCount(two.num_rows, "rows in a page");
  return levels;
}

function assertGrowth(size: number, packed: number, { codec }: ColumnMetaData): void {
  const most = (codec === "UNCOMPRESSED" ? 1 : (GROWTH[codec] ?? MOST_GROWTH)) * packed;
  if (size > most) throw new Error(`a page of ${packed} bytes in ${codec} says that it unpacks to ${size}`);
}

const bitsOf = (most: number): number => 32 - Math.clz32(most);

function skipLevels(packed: Uint8Array, lengths: number[], widths: number[], count: number): void {
  const levels = new Cursor(packed);
  for (const [i, length] of lengths.entries()) {
    if (widths[i] > 0) skipRuns(levels, widths[i], count, length);
    else if (length > 0) throw new Error(`a page has ${length} bytes of levels, where none are`);
  }
}

/** The length in front of runs, of four bytes, least first. */
function lengthAt(page: Cursor): number {
  const bytes = [page.byte(), page.byte(), page.byte(), page.byte()];
  return bytes.reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
}

/**
 * Moves behind runs of numbers of `width` bits: equal ones, or groups of eight next to each other. They have `length` bytes, but the
 * library goes on to the page's end for `count` numbers. Fewer are no error: values that are empty are not there.
 */
function skipRuns(page: Cursor, width: number, count: number, length: number): void {
  const runs = new Cursor(page.bytes, page.at);
  for (let seen = 0; seen < count && runs.left > 0; ) {
    const head = runs.varint();
    const isPacked = head % 2 === 1;
    const run = isPacked ? 8 * Math.floor(head / 2) : head / 2;
    // The last group of eight may be more than is left.
    if (run > count - seen + (isPacked ? 7 : 0)) throw new Error(`a run of ${run} values lies in a page of ${count}`);
    runs.skip(isPacked ? (run / 8) * width : Math.ceil(width / 8));
    seen += run;
  }
  page.skip(length);
}

/** What unpacks to more than it takes: numbers of a dictionary's entries, deltas. */
function skipValues(page: Cursor, encoding: string, isBoolean: boolean, count: number): void {
  if (encoding === "PLAIN" || page.left === 0) return;
  if (encoding === "RLE" && isBoolean) skipRuns(page, 1, count, lengthAt(page));
  else if ((encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY") && !isBoolean) {
    const width = page.byte();
    if (width > 32) throw new Error(`a page numbers its values by ${width} bits`);
    skipRuns(page, width, count, page.left);
  } else if (encoding === "DELTA_BINARY_PACKED" || encoding === "DELTA_LENGTH_BYTE_ARRAY") skipDeltas(page, count);
  else throw new Error(`a page is encoded as ${encoding}, which is not read here`);
}

/** Differences in blocks, each of several parts with a width of their own. */
function skipDeltas(page: Cursor, count: number): void {
  const [block, parts, total] = [page.varint(), page.varint(), page.varint()];
  const each = block / parts;
  if (!(parts > 0 && each > 0 && each % 8 === 0 && each <= MOST_DELTAS && total <= count))
    throw new Error(`a page of ${count} values says that it has ${total} in blocks of ${block} with ${parts} parts`);
  page.varint();
  for (let seen = 1; seen < total; ) {
    page.varint();
    const widths = page.at;
    page.skip(parts);
    for (let i = 0; i < parts && seen < total; i++, seen += each) {
      const width = page.bytes[widths + i];
      if (width > MOST_DELTA_BITS) throw new Error(`a page has differences of ${width} bits`);
      page.skip(Math.min(page.left, (width * each) / 8));
    }
  }
}
