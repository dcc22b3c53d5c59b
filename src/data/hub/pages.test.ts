/** Pages that claim more than they hold are refused before a library counts by them. */
import type { ColumnMetaData, SchemaElement, SchemaTree } from "hyparquet";
import { expect, it } from "vitest";
import { metadataIn } from "./footer";
import { assertPages } from "./pages";
import * as parquet from "./parquet.fixture";
import { Cursor, skipStruct } from "./thrift";

const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]);
/** Fields 1, 2, .. of 32-bit numbers; undefined leaves one out. */
const numbers = (...values: number[]): number[] => values.flatMap((value) => [0x15, ...varint(2 * value)]);

/** A page of the older kind: its header, and its bytes as they are. */
const page = (values: number, body: number[], encoding = 8, size = body.length): Uint8Array =>
  Uint8Array.from([...numbers(0, size, body.length), 0x2c, ...numbers(values, encoding, 3, 3), 0, 0, ...body]);

const ROOT: SchemaElement = { name: "root", num_children: 1 };
const element = (repetition_type: SchemaElement["repetition_type"], type: SchemaElement["type"] = "INT32"): SchemaTree =>
  ({ element: { name: "a", type, repetition_type }, children: [], count: 1, path: [] }) as SchemaTree;

/** Walks over pages of a column. */
const walk = (bytes: Uint8Array, kind = element("REQUIRED"), codec = "UNCOMPRESSED") =>
  assertPages(bytes, {
    meta: { codec } as ColumnMetaData,
    path: [{ element: ROOT, children: [kind], count: 2, path: [] } as SchemaTree, kind],
    compressors: {},
  });

it("what pages hold is let through: dictionary numbers in runs and in groups, with and without empty values", () => {
  // Of three bits each: a run of 600, then a group of eight.
  walk(page(608, [3, ...varint(1200), 5, 3, 1, 2, 3]));
  // Levels of one bit: a run of 10 that are there; then their numbers.
  walk(page(10, [2, 0, 0, 0, 20, 1, 2, 20, 3]), element("OPTIONAL"));
});

it.each([
  ["billions of values", page(1e9, [3, 2, 5]), "a page of 3 bytes says that it has 1000000000 values"],
  ["a run of billions", page(20, [3, ...varint(2 ** 31), 5]), "a run of 1073741824 values lies in a page of 20"],
  ["groups of billions", page(20, [0, ...varint(2 ** 31 + 1)]), "a run of 8589934592 values lies in a page of 20"],
  ["groups beyond its end", page(40, [3, 7, 1]), "a part says that it has 9 bytes, where 1 are left"],
  ["wide numbers", page(20, [77, 2, 5]), "a page numbers its values by 77 bits"],
  ["more bytes than there are", page(1, [1, 2], 0).subarray(0, -1), "a part says that it has 2 bytes, where 1 are left"],
  ["another size than it has", page(1, [1, 2, 3, 4], 0, 1e9), "a page of 4 bytes in UNCOMPRESSED says that it unpacks to 1000000000"],
  ["an encoding that is not read", page(1, [1, 2, 3, 4], 7), "a page is encoded as DELTA_BYTE_ARRAY, which is not read here"],
  ["deltas without end", page(100, [...varint(2 ** 30), 1, 100, 0], 5), "in blocks of 1073741824 with 1 parts"],
])("a page that claims %s is refused", (_, bytes, said) => {
  expect(() => walk(bytes)).toThrow(said);
});

it("levels that go on behind what is said to be their length are walked over as they are read", () => {
  expect(() => walk(page(10, [0, 0, 0, 0, ...varint(2 ** 31), 1, 2, 20, 3]), element("OPTIONAL"))).toThrow("a run of 1073741824 values");
});

it("many small pages may not claim together what one may not", () => {
  const one = page(200_000, [0]);
  const many = new Uint8Array(one.length * 20);
  for (let i = 0; i < 20; i++) many.set(one, i * one.length);
  walk(one);
  expect(() => walk(many)).toThrow("its pages say that they have 400000 values");
});

it("what a file says of itself is bounded: lists, numbers, depth", () => {
  const walked = (...bytes: number[]) => skipStruct(new Cursor(Uint8Array.from(bytes)));
  walked(...numbers(1, 2), 0);
  expect(() => walked(0x19, 0xf5, ...varint(1e9), 0)).toThrow("a list says that it has 1000000000 values, where 1 bytes are left");
  expect(() => walked(0x16, ...Array(50_000).fill(0xff), 0)).toThrow("a number is longer than 64 bits");
  expect(() => walked(...Array(9999).fill(0x1c))).toThrow("its description is nested more than 32 deep");
  expect(() => walked(0x18, 100, 1)).toThrow("a part says that it has 100 bytes, where 1 are left");
});

it("columns lie within the file and have counts", () => {
  const bytes = parquet.labelled(3);
  expect(metadataIn(bytes, bytes.length).row_groups).toHaveLength(1);
  expect(() => metadataIn(bytes, 100)).toThrow(/^a column lies at bytes 4 to \d+ of 100$/);
});
