import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { hasShared, sharedBytes } from "../models/shared.fixture";
import type { SourceFile } from "./files";
import { cifarBytes, file, idxBytes, tarBytes } from "./files.fixture";
import { open, refusal } from "./open.fixture";

/** A pair of IDX files of 2 x 2 images, image i of value i. */
function pair(prefix: string, labels: number[]): SourceFile[] {
  const pixels = labels.flatMap((_, i) => [i, i, i, i]);
  return [
    file(`${prefix}images-idx3-ubyte`, idxBytes([labels.length, 2, 2], pixels)),
    file(`${prefix}labels-idx1-ubyte`, idxBytes([labels.length], labels)),
  ];
}

describe("IDX", () => {
  it("joins several pairs, in any order, and numbers the labels that occur", async () => {
    const data = await open(
      [...pair("b-test-", [5, 2]), ...pair("a-train-", [2, 7]), ...pair("b-train-", [5, 2, 2]), ...pair("a-test-", [7])].toReversed(),
    );
    expect(data).toMatchObject({ name: "IDX images (yours)", channels: 1, classes: ["2", "5", "7"] });
    expect([data.train.count, data.test.count]).toEqual([5, 3]);
    expect([...data.test.labels].toSorted()).toEqual([0, 1, 2]);
  });

  it("holds out of a class of 130,000 images", async () => {
    const labels = Array.from({ length: 130_001 }, (_, i) => Number(i === 7));
    const files = [
      file("images-idx3-ubyte", idxBytes([labels.length, 1, 1], labels)),
      file("labels-idx1-ubyte", idxBytes([labels.length], labels)),
    ];
    expect((await open(files, { side: 1 })).test.count).toBe(19_500);
  });

  it("holds out where only one pair is given, even one that calls itself a test", async () => {
    const data = await open(pair("t10k-", [0, 1, 0, 1, 0, 1, 0, 1]));
    expect([data.train.count, data.test.count]).toEqual([6, 2]);
  });

  it("pairs two files whatever their names, and resizes", async () => {
    const [images, labels] = pair("", [0, 0, 1, 1]);
    const gz = (name: string, { bytes }: SourceFile) => bytes().then((b) => file(name, new Uint8Array(gzipSync(b))));
    const data = await open([await gz("x.gz", images), await gz("y.gz", labels)], { side: 5 });
    expect(data.train.images.length).toBe(2 * 25);
  });

  it("names Fashion-MNIST's classes only where a name says so", async () => {
    expect(await open(pair("fashion-mnist/", [0, 0, 9, 9]))).toMatchObject({
      name: "Fashion-MNIST (yours)",
      classes: ["T-shirt/top", "Ankle boot"],
    });
    expect(await open(pair("mnist/", [0, 0, 9, 9]))).toMatchObject({ name: "MNIST (yours)", classes: ["0", "9"] });
    expect((await open(pair("fashion-mnist/", [0, 0, 10, 10]))).classes).toEqual(["0", "10"]);
  });

  it("refuses, naming file and remedy", async () => {
    const [images, labels] = pair("train-", [0, 0, 1, 1]);
    const [testImages, testLabels] = pair("test-", [0, 2]);
    expect(await refusal([images])).toBe('train-images-idx3-ubyte has no labels file. Choose "train-labels-idx1-ubyte" as well.');
    expect(await refusal([labels])).toContain("train-labels-idx1-ubyte holds labels only");
    expect(await refusal([images, labels, testImages])).toContain("test-images-idx3-ubyte has no labels file");
    expect(await refusal([images, testLabels])).toContain("train-images-idx3-ubyte holds 4 images, but test-labels-idx1-ubyte 2 labels");
    expect(await refusal([images, labels, testImages, testLabels])).toContain('test-images-idx3-ubyte holds images of "2"');
    expect(await refusal(pair("", [3, 3, 3]))).toContain("one class only (3)");
    expect(await refusal([file("train-images-idx3-ubyte.gz", [0x1f, 0x8b, 1, 2])])).toContain("train-images-idx3-ubyte.gz is a damaged");
    const colour = file("test-images-idx3-ubyte", idxBytes([2, 1, 1, 3], [1, 2, 3, 4, 5, 6]));
    expect(await refusal([images, labels, colour, testLabels])).toContain(
      "train-images-idx3-ubyte holds gray images and test-images-idx3-ubyte colour ones",
    );
  });
});

describe("CIFAR", () => {
  const train = cifarBytes([[0], [3], [0], [3]]);
  const test = cifarBytes([[3]]);

  it("reads CIFAR-10 batches, loose or as they are handed out", async () => {
    const loose = [file("data_batch_1.bin", train), file("data_batch_2.bin", train), file("test_batch.bin", test)];
    const data = await open(loose, { side: 32 });
    expect(data).toMatchObject({ name: "CIFAR-10 (yours)", side: 32, channels: 3, classes: ["airplane", "cat"] });
    expect([data.train.count, data.test.count]).toEqual([8, 1]);
    const tar = tarBytes({ "c/data_batch_1.bin": train, "c/test_batch.bin": test, "c/batches.meta.txt": Uint8Array.of(65) });
    const packed = await open([file("cifar-10-binary.tar.gz", new Uint8Array(gzipSync(tar)))]);
    expect([packed.train.count, packed.test.count]).toEqual([4, 1]);
    expect(packed.test.images.length).toBe(12);
  });

  it("reads CIFAR-100 with its fine names, or numbers", async () => {
    const files = [
      file(
        "train.bin",
        cifarBytes([
          [0, 0],
          [1, 99],
          [2, 0],
        ]),
      ),
      file("test.bin", cifarBytes([[1, 99]])),
    ];
    expect((await open(files)).classes).toEqual(["0", "99"]);
    const names = file("fine_label_names.txt", new TextEncoder().encode(Array.from({ length: 100 }, (_, i) => `n${i}\n`).join("")));
    expect(await open([...files, names])).toMatchObject({ name: "CIFAR-100 (yours)", classes: ["n0", "n99"] });
  });

  it("refuses, naming file and remedy", async () => {
    expect(await refusal([file("data_batch_1.bin", train.subarray(1))])).toContain("data_batch_1.bin has 12291 bytes");
    expect(await refusal([file("a.bin", train), file("b.bin", cifarBytes([[1, 99]]))])).toContain(
      "b.bin is CIFAR-100, but a.bin is CIFAR-10",
    );
    expect(await refusal([file("data_batch_1.bin", test)])).toContain("data_batch_1.bin has one class only (cat)");
  });
});

describe.skipIf(!hasShared)("real IDX files", () => {
  const shared = (...paths: string[]) => paths.map((path) => file(path, sharedBytes(path)));
  const names = (prefix: string) =>
    ["train", "test"].flatMap((part) => [
      `fashion-mnist/${prefix}-${part}-images-idx3-ubyte.gz`,
      `fashion-mnist/${prefix}-${part}-labels-idx1-ubyte.gz`,
    ]);

  it("reads five classes of Fashion-MNIST, ten, and both at once", async () => {
    const five = await open(shared(...names("five")), { side: 28 });
    expect(five).toMatchObject({
      name: "Fashion-MNIST (yours)",
      channels: 1,
      classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Shirt"],
    });
    expect([five.train.count, five.test.count]).toEqual([3000, 750]);
    const ten = await open(shared(...names("ten")), { side: 32 });
    expect([ten.train.count, ten.test.count, ten.classes.length, ten.train.images.length]).toEqual([450, 150, 10, 450 * 1024]);
    const both = await open(shared(...names("five"), ...names("ten")), { side: 14 });
    expect([both.train.count, both.test.count, both.classes.length]).toEqual([3450, 900, 10]);
  });

  it("reads MNIST's test pair and holds some of it out", async () => {
    const data = await open(shared("mnist/t10k-first5000-images-idx3-ubyte.gz", "mnist/t10k-first5000-labels-idx1-ubyte.gz"), { side: 28 });
    expect(data).toMatchObject({ name: "MNIST (yours)", classes: [..."0123456789"] });
    expect(data.train.count + data.test.count).toBe(5000);
    expect(Math.abs(data.test.count - 750)).toBeLessThan(6);
  });
});
