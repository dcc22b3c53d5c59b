/** Small data sets of the Hub, changed: bytes anywhere, in descriptions or in pages, numbers of the description, what it states of columns. */
import { parquetMetadata } from "hyparquet";
import type { SourceFile } from "../data/files";
import { file, textFile } from "../data/files.fixture";
import {
  type Column,
  ended,
  imageColumn,
  labelColumn,
  objectListColumn,
  objectsColumn,
  parquetOf,
  textColumn,
} from "../data/hub/parquet.fixture";
import type { Draws } from "./draws";
import { plainPng } from "./make.pictures";
import { mutatedBytes } from "./mutate.bytes";
import { mutatedJson } from "./mutate.json";
import { LONG_WORDS, TEXTS } from "./odd";

const CODECS = ["UNCOMPRESSED", "UNCOMPRESSED", "SNAPPY", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4_RAW"] as const;

/** What the card of a data set states of its columns. */
const CARD = {
  dataset_info: {
    config_name: "default",
    features: [
      { name: "image", dtype: "image" },
      { name: "label", dtype: { class_label: { names: { 0: "ant", 1: "bee", 2: "cat" } } } },
      { name: "objects", list: [{ name: "category", dtype: { class_label: { names: ["ant", "bee", "cat"] } } }] },
    ],
  },
};

/** One file, or one for each half, and a card. */
export function someParquet(draws: Draws): SourceFile[] {
  const halves = draws.chance(0.7) ? ["train"] : ["train", "test"];
  const card = draws.chance(0.3) ? mutatedJson(CARD, draws) : JSON.stringify(CARD);
  return [...halves.map((half) => file(`default/${half}/0000.parquet`, changed(whole(draws), draws))), textFile("card.json", card)];
}

function whole(draws: Draws): Uint8Array {
  const count = 4 + draws.below(8);
  const columns: Record<string, Column> = {
    image: imageColumn(
      "image",
      Array.from({ length: count }, (_, i) => ({ bytes: plainPng(9 * i) })),
    ),
  };
  const classes = Array.from({ length: count }, (_, i) => i % 3);
  const kind = draws.below(4);
  if (kind === 0)
    columns.label = textColumn(
      "label",
      classes.map((one) => (draws.chance(0.1) ? draws.pick(TEXTS) : "abc"[one])),
    );
  else if (kind === 1)
    columns.label = labelColumn(
      "label",
      classes.map((one) => (draws.chance(0.1) ? draws.pick([-1, 3, 2 ** 31, -(2 ** 53)]) : one)),
    );
  else {
    const make = kind === 2 ? objectsColumn : objectListColumn;
    columns.objects = make(
      "objects",
      classes.map((one) => ({ bbox: [[1, 1, 3, 2]], category: [one] })),
    );
  }
  return parquetOf(columns, { rowGroup: 2 + draws.below(count), codec: draws.pick(CODECS), stated: draws.chance(0.7) });
}

function changed(bytes: Uint8Array, draws: Draws): Uint8Array {
  const kind = draws.below(10);
  if (kind < 2) return mutatedBytes(bytes, draws);
  if (kind < 4) return withChangedEnd(bytes, draws);
  if (kind < 8) return withChangedPages(bytes, draws);
  return withOddMetadata(bytes, draws);
}

const lengthOfEnd = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);

/** The description's bytes changed, and its length right. */
function withChangedEnd(bytes: Uint8Array, draws: Draws): Uint8Array {
  const from = bytes.length - 8 - lengthOfEnd(bytes);
  const end = mutatedBytes(bytes.subarray(from, -8), draws);
  const length = new Uint8Array(Uint32Array.of(end.length).buffer);
  return Uint8Array.from([...bytes.subarray(0, from), ...end, ...length, ...bytes.subarray(-4)]);
}

/** One to three bytes changed at the beginnings of pages, where their headers and levels lie; the rest stays in its place. */
function withChangedPages(bytes: Uint8Array, draws: Draws): Uint8Array {
  const chunks = parquetMetadata(bytes.slice().buffer).row_groups.flatMap(({ columns }) => columns.map(({ meta_data }) => meta_data!));
  for (let i = 1 + draws.below(3); i > 0; i--) {
    const { dictionary_page_offset: dictionary, data_page_offset: data, total_compressed_size: size } = draws.pick(chunks);
    const from = Number(draws.chance(0.5) ? data : (dictionary ?? data));
    const at = from + draws.below(Math.min(Number(size), draws.pick([30, 60, 500])));
    const odd = draws.pick<number[]>([
      [draws.below(256)],
      [0xff, 0xff, 0xff, 0xff, 0x0f],
      [0xfe, 0xff, 0xff, 0xff, 0x07],
      [0xff, 0xff, 0xff, 0x7f],
    ]);
    bytes.set(odd.slice(0, bytes.length - at), at);
  }
  return bytes;
}

/** Numbers of the description, and what it states of the columns, made odd. */
function withOddMetadata(bytes: Uint8Array, draws: Draws): Uint8Array {
  const metadata = parquetMetadata(bytes.slice().buffer);
  const [stated] = metadata.key_value_metadata ?? [];
  if (stated && draws.chance(0.5)) stated.value = mutatedJson(JSON.parse(stated.value!), draws);
  else {
    const group = draws.pick(metadata.row_groups);
    const chunk = draws.pick(group.columns).meta_data!;
    const [holder, key] = draws.pick<[object, string]>([
      [group, "num_rows"],
      ...["num_values", "total_uncompressed_size", "total_compressed_size", "data_page_offset", "dictionary_page_offset"].map(
        (one): [object, string] => [chunk, one],
      ),
    ]);
    Object.assign(holder, { [key]: draws.chance(0.3) ? -draws.pick(LONG_WORDS) : draws.pick(LONG_WORDS) });
  }
  return ended(bytes.subarray(0, bytes.length - 8 - metadata.metadata_length), metadata);
}
