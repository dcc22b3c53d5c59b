/** What a Parquet file says of itself, at its end; checked before anything is done by it. */
import { type ColumnMetaData, type FileMetaData, parquetMetadata, parquetSchema, type SchemaElement } from "hyparquet";
import { Cursor, skipStruct } from "./thrift";

/** Groups of columns within each other, at most: boxes in lists of structs have five. */
const DEEPEST = 16;
/** Columns and groups of them, at most. */
const MOST_ELEMENTS = 20_000;

/** The metadata in the whole end of a file of `size` bytes. Throws an Error that says what is wrong with them. */
export function metadataIn(end: Uint8Array, size: number): FileMetaData {
  const length = new DataView(end.buffer, end.byteOffset).getUint32(end.length - 8, true);
  skipStruct(new Cursor(end.subarray(0, -8), end.length - 8 - length));
  const metadata = parquetMetadata(end, { geoparquet: false });
  assertSchema(metadata.schema);
  parquetSchema(metadata);
  for (const { num_rows, columns } of metadata.row_groups) {
    assertCount(num_rows, "rows in a group");
    for (const { meta_data } of columns) if (meta_data) assertChunk(meta_data, size);
  }
  return metadata;
}

/** Elements are listed depth first, each with the number of its children. */
function assertSchema(schema: SchemaElement[]): void {
  if (schema.length > MOST_ELEMENTS) throw new Error(`it has ${schema.length} columns and groups of them; ${MOST_ELEMENTS} is the limit`);
  /** How many children of each open group are still to come. */
  const open: number[] = [];
  for (const { name, num_children = 0 } of schema) {
    if (typeof name !== "string") throw new Error("a column has no name");
    while (open.at(-1) === 0) open.pop();
    if (open.length > 0) open[open.length - 1]--;
    assertCount(num_children, "children of a column");
    open.push(num_children);
    if (open.length > DEEPEST) throw new Error(`its columns are nested more than ${DEEPEST} deep`);
  }
}

/** Where a column's pages lie: within the file. */
function assertChunk(chunk: ColumnMetaData, size: number): void {
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const bytes = assertCount(chunk.total_compressed_size, "bytes in a column");
  assertCount(chunk.num_values, "values in a column");
  if (chunk.path_in_schema.length === 0) throw new Error("a column has no name");
  if (!(start >= 0 && start + bytes <= size)) throw new Error(`a column lies at bytes ${start} to ${start + bytes} of ${size}`);
}

export function assertCount(value: number | bigint | undefined, what: string): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`it says that there are ${value ?? "none said"} ${what}`);
  return count;
}
