/** Rows of a data set on the Hub as picture files, with their classes known and their boxes as COCO JSON beside them. */
import { parquetReadObjects, parquetSchema } from "hyparquet";
import { getTreePath } from "hyparquet/src/schema.js";
import { decompressBrotli, decompressGzip, decompressLz4, decompressLz4Raw, decompressZstd } from "hyparquet-compressors";
import { classNamed, Findings } from "../annotated";
import { DataError } from "../dataset";
import { byCodePoint, type SourceFile } from "../files";
import { pictureEnding } from "../header";
import type { Columns, ObjectsColumn } from "./columns";
import { assertPages } from "./pages";
import { damaged, type HubPlan, type Part, rangesOf, wantedColumns } from "./plan";

/** Snappy is the reader's own; another package's would be WebAssembly, which the page's policy forbids. */
const compressors = {
  ...{ GZIP: decompressGzip, BROTLI: decompressBrotli, LZ4: decompressLz4, LZ4_RAW: decompressLz4Raw },
  // Without a place to write to it takes what the frame says, up to 2 GB.
  ZSTD: (input: Uint8Array, size: number) => decompressZstd(input, new Uint8Array(size)),
};

type Row = Record<string, unknown>;

/** A row that holds a picture. */
interface Picture {
  test: boolean;
  bytes: Uint8Array;
  /** Class as the column has it: a number or a name; undefined where there is none. */
  label?: number | string;
  objects: { box: number[]; category: number | string }[];
  /** How the name of its file ends: by content, else as the row says. */
  ending: string;
}

export interface HubFiles {
  files: SourceFile[];
  notes: string[];
}

/** Fetches the rows of a plan, one row group after the other. Rejects with a DataError that names the file or row where it cannot go on. */
export async function filesOf(plan: HubPlan, progress: (share: number) => void = () => undefined): Promise<HubFiles> {
  const findings = new Findings();
  for (const note of plan.notes) findings.tell(note);
  const pictures: Picture[] = [];
  for (const [i, part] of plan.parts.entries()) {
    const rows = await rowsOf(part, plan);
    rows.forEach((row, k) => {
      const where = `row ${part.rows[0] + k + 1} of ${part.split}`;
      const picture = pictureIn(row, plan.columns);
      if (picture) pictures.push({ ...picture, test: part.test });
      else findings.add("Rows without the bytes of a picture, left out", where);
    });
    progress((i + 1) / plan.parts.length);
  }
  if (pictures.length === 0)
    throw new DataError(
      [
        `None of the rows of ${plan.name} holds a picture in its column ${plan.columns.image}; they may only name files.`,
        ...findings.notes(),
      ].join(" "),
      "Name a data set that holds its images.",
    );
  const files = [...classed(pictures, plan, findings), ...boxed(pictures, plan)];
  return { files, notes: findings.notes() };
}

async function rowsOf(part: Part, { columns, name }: HubPlan): Promise<Row[]> {
  const { file, metadata, path } = part;
  const [rowStart, rowEnd] = part.rows;
  try {
    const schema = parquetSchema(metadata);
    for (const { meta, range } of rangesOf(part, { columns, name })) {
      const bytes = new Uint8Array(await file.slice(...range));
      assertPages(bytes, { meta, path: getTreePath(schema, meta.path_in_schema), compressors });
    }
    const options = { file, metadata, columns: wantedColumns(columns), rowStart, rowEnd, compressors, utf8: false, geoparquet: false };
    return await parquetReadObjects(options);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged(path, name, error);
  }
}

function pictureIn(row: Row, { image, label, objects }: Columns): Omit<Picture, "test"> | undefined {
  const value = row[image];
  const { bytes, path } = value instanceof Uint8Array ? { bytes: value, path: "" } : ((value ?? {}) as { bytes?: unknown; path?: unknown });
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) return undefined;
  const ending = pictureEnding(bytes) ?? /\.(\w+)$/.exec(String(path))?.[1] ?? "unknown";
  return { bytes, ending, label: label && valueIn(row[label.column]), objects: objectsIn(row, objects) };
}

/** A number or a name; -1 and nothing stand for no class. */
function valueIn(value: unknown): number | string | undefined {
  const plain = typeof value === "bigint" ? Number(value) : value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  if (typeof plain === "string") return classNamed(plain.trim()) || undefined;
  return typeof plain === "number" && plain >= 0 ? plain : undefined;
}

/** Rows of a list of structs, or lists of a struct side by side. */
function objectsIn(row: Row, objects: ObjectsColumn | undefined): Picture["objects"] {
  const value = objects && row[objects.column];
  if (!value) return [];
  const { box, category } = objects;
  const each = Array.isArray(value) ? value : asRows(value as Row, box, category);
  return each.flatMap((one: Row) => {
    const name = valueIn(one?.[category]);
    const edges = one?.[box];
    return name === undefined ? [] : [{ box: listIn(edges).map(Number), category: name }];
  });
}

function asRows(value: Row, box: string, category: string): Row[] {
  const categories = listIn(value[category]);
  return listIn(value[box]).map((edges, i) => ({ [box]: edges, [category]: categories[i] }));
}

const listIn = (value: unknown): unknown[] => (Array.isArray(value) || ArrayBuffer.isView(value) ? [...(value as unknown[])] : []);

/** The pictures as files. Where a column names classes, each knows its own, and those without one are left out, unless they have boxes. */
function classed(pictures: Picture[], { columns: { label, objects } }: HubPlan, findings: Findings): SourceFile[] {
  const names = label && (label.names ?? namesOf(pictures.map((one) => one.label)));
  const place = (value: number | string | undefined) =>
    typeof value === "number" && label?.names ? value : (names?.indexOf(String(value)) ?? -1);
  return pictures.flatMap((picture, i): SourceFile[] => {
    const { test, bytes, label: value } = picture;
    const at = value === undefined ? -1 : place(value);
    const isNamed = names?.[at] !== undefined;
    const path = pathOf(picture, i);
    if (!isNamed && !objects) {
      findings.add("Rows without a class, left out", path);
      return [];
    }
    return [{ path, size: bytes.length, bytes: async () => bytes, ...(isNamed && { known: { names: names!, label: at, test } }) }];
  });
}

/** Values as names: numbers in their order, names by code points. */
function namesOf(values: (number | string | undefined)[]): string[] {
  const all = [...new Set(values.filter((value) => value !== undefined))];
  if (all.every((value) => typeof value === "number")) return all.sort((a, b) => a - b).map(String);
  return all.map(String).sort(byCodePoint);
}

const pathOf = ({ test, ending }: Picture, i: number): string => `${test ? "test" : "train"}/${String(i).padStart(7, "0")}.${ending}`;

/** The boxes as COCO JSON, one file for each half: x, y, width and height, as most data sets of the Hub have them. */
function boxed(pictures: Picture[], { columns: { objects } }: HubPlan): SourceFile[] {
  if (!objects) return [];
  const names = objects.names ?? namesOf(pictures.flatMap((one) => one.objects.map(({ category }) => category)));
  const categories = names.map((name, id) => ({ id, name }));
  const id = (category: number | string) => (typeof category === "number" && objects.names ? category : names.indexOf(String(category)));
  const all = pictures.map((one, i) => ({ ...one, id: i, file_name: pathOf(one, i).split("/")[1] }));
  return [false, true].flatMap((test): SourceFile[] => {
    const mine = all.filter((one) => one.test === test);
    if (mine.length === 0) return [];
    const images = mine.map(({ id, file_name }) => ({ id, file_name }));
    const annotations = mine.flatMap((one) =>
      one.objects.map(({ box, category }) => ({ image_id: one.id, category_id: id(category), bbox: box })),
    );
    const bytes = new TextEncoder().encode(JSON.stringify({ images, annotations, categories }));
    return [{ path: `${test ? "test" : "train"}/annotations.json`, size: bytes.length, bytes: async () => bytes }];
  });
}
