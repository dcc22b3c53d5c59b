/** Parquet files as the library `datasets` writes them, made for tests. */
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type CompressionCodec, type FileMetaData, parquetMetadata } from "hyparquet";
import { ByteWriter, parquetWriteBuffer, type SchemaElement } from "hyparquet-writer";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { PNG } from "pngjs";

export const CLASSES = ["zebra", "ant", "mole"];

/** A picture of one gray, in its own shade at a corner so that no two are alike; or of noise, which takes room. */
export function picture(gray: number, mark = 0, noiseSide?: number): Uint8Array {
  const side = noiseSide ?? 20;
  const png = new PNG({ width: side, height: side });
  if (noiseSide === undefined) png.data.fill(gray);
  else png.data.set(noise(mark + 1, png.data.length));
  png.data[0] = mark % 256;
  png.data[1] = mark >> 8;
  return new Uint8Array(PNG.sync.write(png));
}

/** Bytes that no codec makes smaller. */
function noise(seed: number, size: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  });
}

/** Pictures of the classes in turns, from number `first` on, which decides their shades. */
export function pictures(count: number, first = 0, noiseSide?: number): { bytes: Uint8Array; label: number }[] {
  return Array.from({ length: count }, (_, i) => {
    const label = (first + i) % CLASSES.length;
    return { bytes: picture(40 + 80 * label, first + i, noiseSide), label };
  });
}

const group = (name: string, num_children: number, more: Partial<SchemaElement> = {}): SchemaElement => ({
  ...{ name, num_children, repetition_type: "OPTIONAL" },
  ...more,
});
const leaf = (name: string, type: SchemaElement["type"], more: Partial<SchemaElement> = {}): SchemaElement => ({
  ...{ name, type, repetition_type: "OPTIONAL" },
  ...more,
});
const list = (name: string, ...element: SchemaElement[]): SchemaElement[] => [
  group(name, 1, { converted_type: "LIST" }),
  group("list", 1, { repetition_type: "REPEATED" }),
  ...element,
];

/** A column by the elements of its schema, its values, and the feature that the data set states of it. */
export interface Column {
  schema: SchemaElement[];
  data: unknown[];
  feature?: unknown;
}

export const imageColumn = (name: string, images: ({ bytes: Uint8Array | null; path?: string | null } | null)[]): Column => ({
  schema: [group(name, 2), leaf("bytes", "BYTE_ARRAY"), leaf("path", "BYTE_ARRAY", { converted_type: "UTF8" })],
  data: images.map((image) => image && { path: null, ...image }),
  feature: { _type: "Image" },
});

export const labelColumn = (name: string, labels: number[], names: string[] = CLASSES): Column => ({
  schema: [leaf(name, "INT64")],
  data: labels.map(BigInt),
  feature: { _type: "ClassLabel", names },
});

export const textColumn = (name: string, data: string[]): Column => ({
  schema: [leaf(name, "BYTE_ARRAY", { converted_type: "UTF8" })],
  data,
  feature: { _type: "Value", dtype: "string" },
});

interface Objects {
  bbox: number[][];
  category: number[];
}

/** Boxes as CPPE-5 has them: lists beside each other in a struct. */
export const objectsColumn = (name: string, data: Objects[], names: string[] = CLASSES): Column => ({
  schema: [group(name, 2), ...list("bbox", ...list("element", leaf("element", "FLOAT"))), ...list("category", leaf("element", "INT64"))],
  data: data.map(({ bbox, category }) => ({ bbox, category: category.map(BigInt) })),
  feature: { _type: "Sequence", feature: { bbox: { _type: "Sequence" }, category: { _type: "ClassLabel", names } } },
});

/** The same as newer versions of the library write it: a list of structs. */
export const objectListColumn = (name: string, data: Objects[], names: string[] = CLASSES): Column => ({
  schema: list(name, group("element", 2), ...list("bbox", leaf("element", "FLOAT")), leaf("category", "INT64")),
  data: data.map(({ bbox, category }) => bbox.map((box, i) => ({ bbox: box, category: BigInt(category[i]) }))),
  feature: { _type: "List", feature: { bbox: { _type: "List" }, category: { _type: "ClassLabel", names } } },
});

interface Options {
  rowGroup?: number;
  codec?: CompressionCodec;
  /** Whether the file states its features, as those that `datasets` writes do. */
  stated?: boolean;
  /** Of pictures of noise: their side in pixels. */
  noiseSide?: number;
}

/** A Parquet file of columns by their names. */
export function parquetOf(columns: Record<string, Column>, { rowGroup = 10, codec = "SNAPPY", stated = true }: Options = {}): Uint8Array {
  const all = Object.entries(columns);
  const features = Object.fromEntries(all.map(([name, { feature }]) => [name, feature]));
  const buffer = parquetWriteBuffer({
    schema: [{ name: "root", num_children: all.length }, ...all.flatMap(([, { schema }]) => schema)],
    columnData: all.map(([name, { data }]) => ({ name, data })),
    ...{ rowGroupSize: rowGroup, codec },
    compressors: { GZIP: gzipSync, BROTLI: brotliCompressSync, ZSTD: storedZstd, LZ4_RAW: literalLz4, LZO: (bytes) => bytes },
    ...(stated && { kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }] }),
  });
  return new Uint8Array(buffer);
}

/** A Zstandard frame of one block that is stored as it is. Source: RFC 8878, 3.1.1. */
function storedZstd(bytes: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, 0xfd2fb528, true);
  head.setUint8(4, 0xa0);
  head.setUint32(5, bytes.length, true);
  // Of 24 bits: the last block, of the raw kind, with its size.
  head.setUint32(9, 1 | (bytes.length << 3), true);
  return Uint8Array.from([...new Uint8Array(head.buffer, 0, 12), ...bytes]);
}

/** An LZ4 block of literals alone. */
function literalLz4(bytes: Uint8Array): Uint8Array {
  const more = bytes.length - 15;
  if (more < 0) return Uint8Array.from([bytes.length << 4, ...bytes]);
  return Uint8Array.from([0xf0, ...new Array(Math.floor(more / 255)).fill(255), more % 255, ...bytes]);
}

/** A split with the classes in turns. */
export function labelled(count: number, first = 0, options: Options = {}): Uint8Array {
  const all = pictures(count, first, options.noiseSide);
  const labels = all.map(({ label }) => label);
  return parquetOf({ img: imageColumn("img", all), label: labelColumn("label", labels) }, options);
}

/** Rows of noise that are no pictures, in six row groups, and a class each. */
export function noisy(count: number, size: number): Uint8Array {
  const images = Array.from({ length: count }, (_, i) => ({ bytes: noise(i + 1, size) }));
  return parquetOf(
    {
      img: imageColumn("img", images),
      label: labelColumn(
        "label",
        images.map((_, i) => i % 3),
      ),
    },
    { rowGroup: count / 6 },
  );
}

/** A file of no rows, with columns of these names. */
export function emptyOf(names: string[]): Uint8Array {
  const schema: SchemaElement[] = [{ name: "root", num_children: names.length }, ...names.map((name) => leaf(name, "INT64"))];
  return ended(new TextEncoder().encode("PAR1"), { version: 2, schema, num_rows: 0n, row_groups: [], metadata_length: 0 });
}

/** The file, whose list of columns says that each is so many times as large as it is. */
export function exaggerated(file: Uint8Array, times: number): Uint8Array {
  const metadata = parquetMetadata(file.slice().buffer);
  for (const { meta_data } of metadata.row_groups.flatMap(({ columns }) => columns)) meta_data!.total_compressed_size *= BigInt(times);
  return ended(file.subarray(0, file.length - 8 - metadata.metadata_length), metadata);
}

type Metadata = Parameters<typeof writeMetadata>[1];

/** The rows' bytes, and behind them what the file says of itself. */
export function ended(rows: Uint8Array, metadata: FileMetaData): Uint8Array {
  const writer = new ByteWriter();
  writer.appendBytes(rows);
  writeMetadata(writer, metadata as Metadata);
  writer.appendBytes(new TextEncoder().encode("PAR1"));
  return new Uint8Array(writer.getBuffer());
}
