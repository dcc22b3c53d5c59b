import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readCifar } from "./cifar";
import { DataError } from "./dataset";
import { isHidden } from "./files";
import { cifarBytes, idxBytes } from "./files.fixture";
import { isTestFile } from "./halves";
import { readIdx } from "./idx";

/** What a damaged file must cause: an error that names it and has a remedy. */
async function refusal(read: () => unknown, name: string): Promise<string> {
  const error = await (async () => read())().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  const { message, remedy } = error as DataError;
  expect(message).toContain(name);
  expect(remedy.length).toBeGreaterThan(10);
  return message;
}

describe("IDX", () => {
  const gray = idxBytes([2, 1, 3], [1, 2, 3, 4, 5, 6]);

  it("reads labels, gray and RGB images, gzipped or not", async () => {
    expect(await readIdx(idxBytes([3], [7, 0, 9]), "labels")).toEqual({ kind: "labels", values: Uint8Array.of(7, 0, 9) });
    const expected = { kind: "images", count: 2, channels: 1, height: 1, width: 3, planes: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect(await readIdx(gray, "images")).toEqual(expected);
    expect(await readIdx(new Uint8Array(gzipSync(gray)), "images.gz")).toEqual(expected);
    const rgb = await readIdx(idxBytes([2, 1, 2, 3], [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]), "rgb");
    expect(rgb).toMatchObject({ channels: 3, height: 1, width: 2, planes: Uint8Array.of(1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16) });
  });

  it.each([
    ["an empty file", new Uint8Array(), "not an IDX file"],
    ["text", new TextEncoder().encode("not at all an IDX file"), "not an IDX file"],
    ["floats", Uint8Array.from([0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0]), "type 0x0d"],
    ["a header cut short", gray.subarray(0, 10), "ends inside its header"],
    ["values cut short", gray.subarray(0, -1), "6 bytes, but holds 5"],
    ["values to spare", Uint8Array.from([...gray, 0]), "but holds 7"],
    ["dimensions beyond any memory", idxBytes([0xffffffff, 0xffffffff, 0xffffffff], []), "but holds 0"],
    ["no images", idxBytes([0, 28, 28], []), "is empty"],
    ["flattened images", idxBytes([2, 3], [1, 2, 3, 4, 5, 6]), "neither labels nor gray or RGB"],
    ["two channels", idxBytes([1, 1, 1, 2], [1, 2]), "neither labels nor gray or RGB"],
    ["a gzip cut short", new Uint8Array(gzipSync(gray)).subarray(0, 20), "gzip"],
    ["a gzip with a wrong bit", new Uint8Array(gzipSync(gray)).map((b, i) => (i === 15 ? b ^ 255 : b)), "gzip"],
  ])("refuses %s", async (_, bytes, says) => {
    expect(await refusal(() => readIdx(bytes, "some-ubyte"), "some-ubyte")).toContain(says);
  });
});

describe("CIFAR", () => {
  it("reads CIFAR-10 records", () => {
    const read = readCifar(cifarBytes([[3], [9]]), "data_batch_1.bin");
    expect(read).toMatchObject({ name: "CIFAR-10", count: 2, labels: Uint8Array.of(3, 9) });
    expect(read.planes.length).toBe(2 * 3072);
    expect([...read.planes.subarray(3072, 3075)]).toEqual([1, 2, 3]);
  });

  it("reads the fine labels of CIFAR-100", () => {
    const read = readCifar(
      cifarBytes([
        [19, 99],
        [0, 4],
      ]),
      "train.bin",
    );
    expect(read).toMatchObject({ name: "CIFAR-100", count: 2, labels: Uint8Array.of(99, 4) });
    expect([...read.planes.subarray(3072, 3075)]).toEqual([1, 2, 3]);
  });

  it("tells the two apart by their labels where the length fits both", () => {
    const bytes = new Uint8Array(3073 * 3074);
    for (let i = 0; i < 3073; i++) bytes.set([19, 99], i * 3074);
    expect(readCifar(bytes, "train.bin")).toMatchObject({ name: "CIFAR-100", count: 3073 });
    expect(readCifar(new Uint8Array(3073 * 3074), "x.bin")).toMatchObject({ name: "CIFAR-10", count: 3074 });
  });

  it.each([
    ["a file cut short", cifarBytes([[1], [2]]).subarray(0, -1), "no whole number"],
    ["an empty file", new Uint8Array(), "no whole number"],
    ["a label out of range", cifarBytes([[1], [10]]), "labels that CIFAR-10 do not have"],
    ["a coarse label out of range", cifarBytes([[20, 5]]), "labels that CIFAR-100 do not have"],
  ])("refuses %s", async (_, bytes, says) => {
    expect(await refusal(() => readCifar(bytes, "batch.bin"), "batch.bin")).toContain(says);
  });
});

describe("paths", () => {
  it.each([
    ["t10k-images-idx3-ubyte.gz", true],
    ["five-test-labels-idx1-ubyte", true],
    ["test_batch.bin", true],
    ["cifar/test.bin", true],
    ["mnist/test/images-idx3-ubyte", true],
    ["test/train-images-idx3-ubyte", false],
    ["data_batch_1.bin", false],
    ["latest-contest/train.bin", false],
  ])("%s is held out: %s", (path, expected) => {
    expect(isTestFile(path)).toBe(expected);
  });

  it("knows hidden files", () => {
    expect(["a/.git/x.png", ".DS_Store", "__MACOSX/a.png", "a/Thumbs.db"].every(isHidden)).toBe(true);
    expect(["a/b.png", "a.b/c.d.png", "MACOSX/a.png"].some(isHidden)).toBe(false);
  });
});
