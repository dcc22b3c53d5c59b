/** Zip and tar files as people and systems make them, and as nobody should. */
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { Findings } from "./annotated";
import { DataError } from "./dataset";
import type { SourceFile } from "./files";
import { file, tarBytes, tarEntry, tarOf, zipOf } from "./files.fixture";
import { readTar } from "./tar";
import { unpacked } from "./unpack";
import { readZip } from "./zip";

const content = Uint8Array.from({ length: 700 }, (_, i) => (i * 31) % 251);
const text = (words: string) => new TextEncoder().encode(words);
const paths = (files: SourceFile[]) => files.map(({ path }) => path);
const listed = (files: SourceFile[]) => Promise.all(files.map(async ({ path, bytes }) => [path, (await bytes()).length] as const));

async function refusal(work: () => unknown): Promise<string> {
  const error = await Promise.resolve()
    .then(work)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).remedy.length).toBeGreaterThan(10);
  return (error as DataError).message;
}

/** Where the n-th record of that signature begins. */
function record(zip: Uint8Array, signature: number, n = 0): number {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const found = [...zip.keys()].filter((at) => at + 4 <= zip.length && view.getUint32(at, true) === signature);
  return found.at(n)!;
}
const [ENTRY, END] = [0x02014b50, 0x06054b50];
const changed = (zip: Uint8Array, change: (view: DataView) => void) => {
  const copy = zip.slice();
  change(new DataView(copy.buffer));
  return copy;
};

describe("zip", () => {
  const pets = () => zipOf([file("cat/a.png", content), file("__MACOSX/cat/._a.png", [1]), file(".DS_Store", [1]), file("dog/b.png", [2])]);

  it("lists files below its name, without what systems add", async () => {
    expect(await listed(readZip(await pets(), "in/pets.zip"))).toEqual([
      ["in/pets/cat/a.png", 700],
      ["in/pets/dog/b.png", 1],
    ]);
    expect(await readZip(await pets(), "pets.zip")[0].bytes()).toEqual(content);
  });

  it("reads names in UTF-8 with the flag and without, and else in code page 437, with slashes either way", () => {
    const unflagged = (name: Uint8Array) => {
      const zip = zipSync({ ["x".repeat(name.length)]: content });
      for (const at of [30, record(zip, ENTRY) + 46]) zip.set(name, at);
      return paths(readZip(zip, "a.zip"));
    };
    expect(paths(readZip(zipSync({ "Hündin/犬.png": content }), "a.zip"))).toEqual(["a/Hündin/犬.png"]);
    expect(unflagged(text("Hu\u0308ndin/1.png"))).toEqual(["a/Hündin/1.png"]);
    expect(unflagged(Uint8Array.of(0x48, 0x81, 0x6e, 0x5c, 0x31))).toEqual(["a/Hün/1"]);
  });

  it("says what cannot be unpacked: a password, or another way of packing", async () => {
    const zip = await zipOf([file("cat/a.png", content)]);
    const at = record(zip, ENTRY);
    const locked = changed(zip, (view) => view.setUint16(at + 8, 1, true));
    expect(await refusal(() => readZip(locked, "pets.zip"))).toMatch(/^pets\.zip is locked with a password\./);
    const packed = changed(zip, (view) => view.setUint16(at + 10, 9, true));
    expect(await refusal(() => readZip(packed, "pets.zip"))).toMatch(/^pets\.zip is compressed with Deflate64/);
    const two = await zipOf([file("cat/a.png", content), file("dog/b.png", content)]);
    const half = readZip(
      changed(two, (view) => view.setUint16(record(two, ENTRY, 1) + 10, 14, true)),
      "pets.zip",
    );
    expect(await half[0].bytes()).toEqual(content);
    expect(await refusal(() => half[1].bytes())).toMatch(/^pets\/dog\/b\.png is compressed with LZMA/);
  });

  it("refuses what is damaged, by the file in it where that is all", async () => {
    const zip = await zipOf([file("cat/a.png", content)]);
    for (const bad of [zip.subarray(0, -30), Uint8Array.of(1, 2, 3), zip.subarray(40)])
      expect(await refusal(() => readZip(bad, "pets.zip"))).toContain("pets.zip is a damaged zip file");
    const [one] = readZip(
      changed(zip, (view) => view.setUint8(60, view.getUint8(60) ^ 255)),
      "pets.zip",
    );
    expect(await refusal(one.bytes)).toContain("pets/cat/a.png is a damaged part of its zip file");
  });

  it("compares what is announced and allocates nothing for it", async () => {
    const zip = await zipOf([file("cat/a.png", content)]);
    const large = changed(zip, (view) => view.setUint32(record(zip, ENTRY) + 24, 3_000_000_000, true));
    expect(await refusal(() => readZip(large, "pets.zip"))).toContain("pets.zip unpacks to 3.0 GB");
    // Nothing is allocated for what no packing could hold.
    const huge = changed(zip, (view) => view.setUint32(record(zip, ENTRY) + 24, 900_000_000, true));
    const before = process.memoryUsage().arrayBuffers;
    expect(await refusal(readZip(huge, "pets.zip")[0].bytes)).toContain("pets/cat/a.png is a damaged part of its zip file");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e8);
    const more = changed(zip, (view) => view.setUint16(record(zip, END) + 10, 2, true));
    expect(await refusal(() => readZip(more, "pets.zip"))).toContain("damaged");
    expect(await refusal(() => readZip(zip64(zip, 4_000_000_000), "pets.zip"))).toContain("damaged");
    expect(paths(readZip(zip64(zip, 1), "pets.zip"))).toEqual(["pets/cat/a.png"]);
  });

  it("counts stored files by what they hold, whatever they announce", async () => {
    const one = zipSync({ "a.png": new Uint8Array(8_000_000) }, { level: 0 });
    const [entry, end] = [record(one, ENTRY), record(one, END)];
    const directory = changed(one.slice(entry, end), (view) => view.setUint32(24, 0, true));
    // The same 8 MB, listed 200 times as if they were nothing.
    const zip = new Uint8Array(entry + 200 * directory.length + 22);
    zip.set(one.subarray(0, entry));
    for (let i = 0; i < 200; i++) zip.set(directory, entry + i * directory.length);
    zip.set(one.subarray(end), entry + 200 * directory.length);
    new DataView(zip.buffer).setUint16(zip.length - 12, 200, true);
    expect(await refusal(() => readZip(zip, "pets.zip"))).toContain("pets.zip unpacks to 1.6 GB");
  });

  it("lists 100,000 files, more than its old counter can count", async () => {
    const zip = zipSync(Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`c${i % 10}/${i}.png`, new Uint8Array()])), {
      level: 0,
    });
    expect(await unpacked([file("many.zip", zip)], new Findings())).toHaveLength(100_000);
  });
});

/** The same zip with its end in the larger form of zip64, announcing so many entries. */
function zip64(zip: Uint8Array, count: number): Uint8Array {
  const end = record(zip, END);
  const bytes = new Uint8Array(zip.length + 76);
  bytes.set(zip.subarray(0, end));
  bytes.set(zip.subarray(end), end + 76);
  const view = new DataView(bytes.buffer);
  view.setUint32(end, 0x06064b50, true);
  view.setBigUint64(end + 32, BigInt(count), true);
  view.setBigUint64(end + 48, BigInt(record(zip, ENTRY)), true);
  view.setUint32(end + 56, 0x07064b50, true);
  view.setBigUint64(end + 64, BigInt(end), true);
  return bytes;
}

describe("tar", () => {
  it("lists files, gzipped or not, whatever way paths begin", async () => {
    const tar = tarBytes({ "cifar/data_batch_1.bin": content, "./cifar/._x": content, "./cifar/readme.html": Uint8Array.of(1) });
    for (const bytes of [tar, new Uint8Array(gzipSync(tar))]) {
      expect(await listed(await readTar(bytes, "cifar.tar.gz"))).toEqual([
        ["cifar/cifar/data_batch_1.bin", 700],
        ["cifar/cifar/readme.html", 1],
      ]);
    }
  });

  const long = `${"very/".repeat(30)}犬 = dog.png`;
  const pax = (...lines: string[]) =>
    tarEntry("PaxHeaders/x", text(lines.map((line) => `${text(line).length + 4} ${line}\n`).join("")), { type: "x" });

  it.each<[string, Uint8Array, string]>([
    ["PAX", tarOf(pax("mtime=1.5", "path=a b/1=2.png"), tarEntry("cut", content)), "a b/1=2.png"],
    ["a global PAX header", tarOf(tarEntry("g", text("16 comment=abcd\n"), { type: "g" }), tarEntry("a.png", content)), "a.png"],
    ["GNU's long names", tarOf(tarEntry("././@LongLink", text(`${long}\0`), { type: "L" }), tarEntry("cut", content)), long],
    ["a long link before a file", tarOf(tarEntry("././@LongLink", text("x\0"), { type: "K" }), tarEntry("a.png", content)), "a.png"],
    ["a prefix", tarOf(tarEntry("b.png", content, { prefix: "far/away" })), "far/away/b.png"],
    [
      "folders and links, left out",
      tarOf(tarEntry("d/", new Uint8Array(), { type: "5" }), tarEntry("l", new Uint8Array(), { type: "2" }), tarEntry("a.png", content)),
      "a.png",
    ],
  ])("reads %s", async (_, tar, path) => {
    expect(await listed(await readTar(tar, "x.tar"))).toEqual([[`x/${path}`, 700]]);
  });

  it.each([
    ["cut short", tarBytes({ "a.bin": content }).subarray(0, 600), "incomplete"],
    ["text", text("x".repeat(2000)), "damaged"],
    ["a gzip cut short", new Uint8Array(gzipSync(tarBytes({ "a.bin": content }))).subarray(0, 60), "gzip"],
    ["a negative size", tarOf(tarEntry("a", content, { size: "-0000001000" })), "damaged"],
    ["a size of 8 GB", tarOf(tarEntry("a", content, { size: "77777777777" })), "incomplete"],
    ["a size beyond all numbers", tarOf(tarEntry("a", content, { size: "\x80zzzzzzzzzzz" })), "incomplete"],
    ["a size that is none", tarOf(tarEntry("a", content, { size: "a lot" })), "damaged"],
    ["a size in PAX that is none", tarOf(tarEntry("x", text("13 size=-512\n"), { type: "x" }), tarEntry("a", content)), "damaged"],
    ["a PAX line of no length", tarOf(tarEntry("x", text("0 path=abc\n"), { type: "x" }), tarEntry("a", content)), "damaged"],
  ])("refuses %s", async (_, tar, says) => {
    const message = await refusal(() => readTar(tar, "a.tar"));
    expect(message).toContain("a.tar is");
    expect(message).toContain(says);
  });
});

describe("what was chosen", () => {
  const open = (files: SourceFile[], findings = new Findings()) => unpacked(files, findings);

  it("comes in the order of code points, whatever the order of listing", async () => {
    const files = ["b/1", "a/2", "a/10", "A/1", "é/1", "e\u0301/2"].map((path) => file(path, [1]));
    for (const some of [files, files.toReversed()]) expect(paths(await open(some))).toEqual(["A/1", "a/10", "a/2", "b/1", "é/1", "é/2"]);
  });

  it("goes on without a damaged archive among others, and says so", async () => {
    const findings = new Findings();
    const files = await open([file("a.zip", [1, 2]), file("b.zip", await zipOf([file("1.png", [1])]))], findings);
    expect(paths(files)).toEqual(["b/1.png"]);
    expect(findings.notes()).toEqual(["Archives that could not be read, left out: 1 (a.zip is a damaged zip file)."]);
  });

  it("leaves out files with paths that no system has, and says so", async () => {
    const findings = new Findings();
    const zip = zipSync({ [`${"a/".repeat(30_000)}1.png`]: content, [`${"b".repeat(5000)}.png`]: content, "c/2.png": content });
    expect(paths(await open([file("a.zip", zip)], findings))).toEqual(["a/c/2.png"]);
    expect(findings.notes()[0]).toMatch(/^Files with a path of over 4096 letters or 100 folders, left out: 2 \(a\/a\/a.{45} \.\.\., a\/b/);
  });

  it("refuses archives that are not unpacked here", async () => {
    expect(await refusal(() => open([file("a.rar", [1])]))).toContain("a.rar is an archive of the kind rar, which is not unpacked here.");
    expect(await refusal(() => open([file("b.tar.xz", [1])]))).toContain("of the kind tar.xz");
  });

  it("refuses a choice with nothing in it", async () => {
    expect(await refusal(() => open([]))).toContain("There are no files to read: the folder, or the choice, is empty.");
    expect(await refusal(() => open([file(".git/x", [1])]))).toContain(".git/x, and all else that was chosen, is hidden");
    expect(await refusal(() => open([file("a.zip", zipSync({}))]))).toContain("a.zip holds no files");
  });
});
