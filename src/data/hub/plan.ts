/** What would be fetched of a data set on the Hub, and how much that is: found by its lists of files and by the ends of some of them. */
import type { ColumnMetaData, FileMetaData, RowGroup } from "hyparquet";
import { DataError } from "../dataset";
import { MAX_BYTES } from "../gzip";
import { type HubAddress, USUAL_ROWS } from "./address";
import type { Hub } from "./client";
import { type Columns, columnsOf, type Features, featuresOf, featuresOfCard } from "./columns";
import { metadataIn } from "./footer";
import { type BlockStore, RemoteFile, type RemoteSource } from "./remote";
import { configOf, type Shard, shardsOf, splitsOf } from "./shards";

export interface HubPlan {
  name: string;
  licence?: string;
  columns: Columns;
  parts: Part[];
  /** Rows that are asked for, by half, and their bytes; those of them that have yet to be fetched. */
  rows: { train: number; test: number };
  bytes: number;
  missing: number;
  notes: string[];
}

/** Rows of one row group. */
export interface Part {
  test: boolean;
  split: string;
  file: RemoteFile;
  path: string;
  metadata: FileMetaData;
  group: RowGroup;
  rows: [from: number, to: number];
}

/** A column of a row group, and its bytes in the file. */
interface ColumnRange {
  meta: ColumnMetaData;
  range: [start: number, end: number];
}

/** Longest end of a file that is read: with more, the list of rows alone would fill a tab. */
const MOST_FOOTER = 32e6;
/** Files whose ends are read of one split; rows "from all over" come from so many. */
const MOST_SHARDS = 16;
/** What of the formats' ways to pack is unpacked here. */
const CODECS = ["UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4", "LZ4_RAW"];

/** Looks a data set up. Rejects with a DataError that names it where it cannot be learned from. */
export async function planOf(address: HubAddress, hub: Hub, store: BlockStore, came?: (bytes: number) => void): Promise<HubPlan> {
  const { revision, rows = USUAL_ROWS, spread = false } = address;
  const own = await hub.facts({ kind: "datasets", name: address.name }, revision);
  const { repo, card, licence } = own;
  const { sha, shards } = await shardsOf(hub, own, revision);
  const source: RemoteSource = { hub, store, repo, sha, came };
  const notes: string[] = [];
  const config = configOf(address, shards, repo.name, notes);
  const splits = splitsOf(
    address,
    shards.filter((one) => one.config === config),
    repo.name,
    notes,
  );
  const parts: Part[] = [];
  let columns: Columns | undefined;
  for (const { test, files } of splits) {
    const wanted = test ? rows.test : rows.train;
    const opened = await open(source, files, wanted, spread);
    columns ??= columnsOf(opened[0].metadata, features(opened[0].metadata, card, config), repo.name, notes);
    parts.push(...chosen(opened, test, wanted, spread));
  }
  return measured({ name: repo.name, licence, columns: columns!, parts, notes });
}

const features = (metadata: FileMetaData, card: unknown, config: string): Features => {
  const stated = featuresOf(metadata);
  return Object.keys(stated).length > 0 ? stated : featuresOfCard(card, config);
};

interface Opened {
  shard: Shard;
  file: RemoteFile;
  metadata: FileMetaData;
}

/** Reads ends of files, of as many as hold the rows that are wanted. */
async function open(source: RemoteSource, shards: Shard[], rows: number, spread: boolean): Promise<Opened[]> {
  const some = spread ? evenly(shards, MOST_SHARDS) : shards;
  const opened: Opened[] = [];
  let count = 0;
  for (const shard of some) {
    if (!spread && count >= rows && opened.length > 0) break;
    const one = await openOne(source, shard);
    opened.push(one);
    count += Number(one.metadata.num_rows);
  }
  return opened;
}

async function openOne(source: RemoteSource, shard: Shard): Promise<Opened> {
  const { repo } = source;
  const file = new RemoteFile(source, shard);
  const end = new DataView(await file.slice(Math.max(0, shard.size - 8)));
  if (end.byteLength < 8 || end.getUint32(4, true) !== 0x31524150)
    throw new DataError(
      `${shard.path} of ${repo.name} is no whole Parquet file: its end is missing, or encrypted.`,
      "Name another data set or revision.",
    );
  const length = end.getUint32(0, true);
  if (length > MOST_FOOTER)
    throw new DataError(
      `${shard.path} of ${repo.name} says of itself ${Math.round(length / 1e6)} MB; ${MOST_FOOTER / 1e6} is the limit.`,
      "Name a data set with fewer columns or rows in a file.",
    );
  try {
    if (length > shard.size - 8) throw new Error("it ends too early");
    return { shard, file, metadata: metadataIn(new Uint8Array(await file.slice(shard.size - 8 - length)), shard.size) };
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged(shard.path, repo.name, error);
  }
}

export const damaged = (path: string, name: string, error: unknown): DataError =>
  new DataError(
    `${path} of ${name} cannot be read: ${(error as Error).message.replace(/\.$/, "")}.`,
    "It may be damaged. Name another data set or revision.",
  );

/** The first so many rows of the files, or as many from row groups all over them. */
function chosen(opened: Opened[], test: boolean, wanted: number, spread: boolean): Part[] {
  const groups = opened.flatMap(({ shard, file, metadata }) => {
    let from = 0;
    return metadata.row_groups.map((group): Part => {
      const rows: [number, number] = [from, from + Number(group.num_rows)];
      [, from] = rows;
      return { test, split: shard.split, file, path: shard.path, metadata, group, rows };
    });
  });
  const sizes = groups.map(({ rows: [from, to] }) => to - from);
  const most = Math.max(1, Math.ceil(wanted / Math.max(1, sizes[0])));
  let left = wanted;
  return (spread ? evenly(groups, most) : groups).flatMap((part): Part[] => {
    const [from, to] = part.rows;
    const count = Math.min(left, to - from);
    left -= count;
    return count > 0 ? [{ ...part, rows: [from, from + count] }] : [];
  });
}

/** At most so many items, at equal distances. */
function evenly<T>(items: T[], most: number): T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / most)]);
}

async function measured(plan: Omit<HubPlan, "rows" | "bytes" | "missing">): Promise<HubPlan> {
  const rows = { train: 0, test: 0 };
  const ranges = new Map<RemoteFile, [number, number][]>();
  for (const part of plan.parts) {
    rows[part.test ? "test" : "train"] += part.rows[1] - part.rows[0];
    ranges.set(part.file, [...(ranges.get(part.file) ?? []), ...rangesOf(part, plan).map(({ range }) => range)]);
  }
  const bytes = [...ranges.values()].flat().reduce((sum, [start, end]) => sum + end - start, 0);
  if (rows.train === 0) throw new DataError(`${plan.name} has no rows.`, "Name another data set, configuration or split.");
  if (bytes > MAX_BYTES)
    throw new DataError(
      `${(rows.train + rows.test).toLocaleString("en")} rows of ${plan.name} are ${(bytes / 1e9).toFixed(1)} GB; 1 GB is the limit.`,
      "Ask for fewer rows. A file's rows come in groups, which are fetched whole.",
    );
  const missing = await Promise.all([...ranges].map(([file, parts]) => file.missing(parts)));
  return { ...plan, rows, bytes, missing: missing.reduce((sum, one) => sum + one, 0) };
}

/** The columns that are read. */
export const wantedColumns = ({ image, label, objects }: Columns): string[] => [
  image,
  ...(label ? [label.column] : []),
  ...(objects ? [objects.column] : []),
];

/** Where a part's columns lie in its file. Throws a DataError where they are packed in a way that is not unpacked here. */
export function rangesOf({ group, path }: Part, { columns, name }: Pick<HubPlan, "columns" | "name">): ColumnRange[] {
  const wanted = wantedColumns(columns);
  return group.columns.flatMap(({ meta_data: meta }): ColumnRange[] => {
    if (!meta || !wanted.includes(meta.path_in_schema[0])) return [];
    if (!CODECS.includes(meta.codec))
      throw new DataError(
        `${path} of ${name} is compressed with ${meta.codec}, which is not unpacked here.`,
        `Here are ${CODECS.slice(1).join(", ")}.`,
      );
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    return [{ meta, range: [start, start + Number(meta.total_compressed_size)] }];
  });
}
