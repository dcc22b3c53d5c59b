import { describe, expect, it } from "vitest";
import type { SourceFile } from "./files";
import { classFolders, file, flat, zipOf } from "./files.fixture";
import { firstPixels, open, refusal } from "./open.fixture";

describe("folders of pictures", () => {
  it("holds a share of every class out, drawn from the seed", async () => {
    const files = classFolders("pets/", ["dog", "cat", "class 10", "class 9"], 10);
    const data = await open(files, { holdOut: 0.2 });
    expect(data).toMatchObject({ name: "pets (yours)", side: 2, channels: 3, classes: ["cat", "class 10", "class 9", "dog"] });
    expect(data.notes).toEqual(["Classes are numbered in the order of code points, as torchvision does: cat, class 10, class 9, dog."]);
    expect([data.train.count, data.test.count]).toEqual([32, 8]);
    for (const label of [0, 1, 2, 3]) {
      expect(data.train.labels.filter((l) => l === label)).toHaveLength(8);
      expect(data.test.labels.filter((l) => l === label)).toHaveLength(2);
    }
    // Every picture once, under its own class: cat's values are 10 to 19.
    const all = [...firstPixels(data.train), ...firstPixels(data.test)];
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(
      firstPixels(data.train).every(
        (value, i) => data.classes[data.train.labels[i]] === ["dog", "cat", "class 10", "class 9"][Math.floor(value / 10)],
      ),
    ).toBe(true);
    expect((await open(files, { holdOut: 0.2 })).test).toEqual(data.test);
    expect((await open(files, { holdOut: 0.2, seed: 2 })).test).not.toEqual(data.test);
  });

  it("takes what lies in test or validation folders as held out", async () => {
    const data = await open([...classFolders("x/train/", ["a", "b"], 3), ...classFolders("x/validation/", ["a", "b"], 2)]);
    expect(data.train.count).toBe(6);
    expect(firstPixels(data.test)).toEqual([0, 10, 1, 11]); // classes in turns: a few of them show them all
  });

  it("reads a zip, and one zip per class", async () => {
    const zipped = file("pets.zip", await zipOf(classFolders("", ["cat", "dog"], 4)));
    expect(await open([zipped])).toMatchObject({ name: "pets (yours)", classes: ["cat", "dog"] });
    const one = async (name: string) => file(`${name}.zip`, await zipOf([file("1.png", flat(1)), file("2.png", flat(2))]));
    expect((await open([await one("cat"), await one("dog")])).classes).toEqual(["cat", "dog"]);
  });

  it("skips hidden files silently and counts the others", async () => {
    const extra = [
      file("cat/.hidden.png", [1, 2]),
      file("readme.txt", [1]),
      file("a/b.csv", [1]),
      file("cat/notes.md", [1]),
      file("LICENSE", [65]),
    ];
    const data = await open([...classFolders("", ["cat", "dog"], 4), ...extra]);
    expect(data.train.count + data.test.count).toBe(8);
    expect(data.notes).toEqual(["Files that play no part, left out: 4 (LICENSE, a/b.csv, cat/notes.md and others)."]);
  });

  it("keeps 20,000 of 100,000 tiny files, evenly, and says so", async () => {
    const read = new Set<string>();
    const many = Array.from({ length: 100_000 }, (_, i): SourceFile => {
      const path = `all/c${i % 10}/${i}.png`;
      return { path, size: 1, bytes: () => Promise.resolve(read.add(path) && Uint8Array.of(i % 10, i >> 16, i >> 8, i)) };
    });
    const shares: number[] = [];
    const decode = async (bytes: Uint8Array) => Uint8Array.of(bytes[0], bytes[0], bytes[0]);
    const data = await open(many, { side: 1, decode, onProgress: (share: number) => shares.push(share) });
    expect(data.train.count + data.test.count).toBe(20_000);
    expect(read.size).toBe(20_000);
    expect(data.notes).toEqual(["Kept 20,000 of 100,000 images, drawn evenly from every class; 20,000 is the limit."]);
    expect([data.train.labels.filter((l) => l === 3).length, data.test.labels.filter((l) => l === 3).length]).toEqual([1700, 300]);
    expect(shares.at(-1)).toBe(1);
    expect(shares.every((share, i) => i === 0 || share >= shares[i - 1])).toBe(true);
  });

  it("gives the same set whatever the order of listing, and wherever the folder lies", async () => {
    const files = classFolders("pets/", ["dog", "cat"], 10);
    const { id, test } = await open(files);
    const zipped = file("pets.zip", await zipOf(classFolders("", ["dog", "cat"], 10)));
    for (const other of [files.toReversed(), classFolders("else/where/", ["cat", "dog"].toReversed(), 10), [zipped]])
      expect(await open(other)).toMatchObject({ id, test });
  });

  it("tells of pictures that are there more than once", async () => {
    const twice = [
      ...classFolders("p/train/", ["cat", "dog"], 3),
      file("p/test/cat/again.png", flat(0)),
      file("p/test/cat/new.png", flat(99)),
    ];
    expect((await open(twice)).notes).toEqual([
      "The same picture both trained on and held out, so that test scores are too good: 1 (p/train/cat/0.png and p/test/cat/again.png).",
    ]);
    const nested = [...classFolders("p/", ["cat", "dog"], 3), ...classFolders("p/p/", ["cat", "dog"], 3)];
    expect((await open(nested)).notes[0]).toMatch(
      /^Pictures that are there more than once, byte for byte, .*: 6 \(p\/cat\/0\.png and p\/p\/cat\/0\.png, /,
    );
  });

  it("takes classes of the held-out part from a list, as Tiny ImageNet has it", async () => {
    const train = ["n1", "n2"].flatMap((name, c) => [0, 1].map((i) => file(`t/train/${name}/images/${i}.JPEG`, flat(10 * c + i))));
    const val = [0, 1, 2].map((i) => file(`t/val/images/v${i}.JPEG`, flat(100 + i)));
    const list = file("t/val/val_annotations.txt", new TextEncoder().encode("v0.JPEG\tn2\t0\t0\r\nv1.JPEG\tn1\t0\t0\nv2.JPEG\tn3\n"));
    const data = await open([...train, ...val, list, file("t/test/images/x.JPEG", flat(200))]);
    expect(data.classes).toEqual(["n1", "n2"]);
    expect([firstPixels(data.train), firstPixels(data.test), [...data.test.labels]]).toEqual([
      [0, 1, 10, 11],
      [101, 100],
      [0, 1],
    ]);
    expect(data.notes).toEqual(["Pictures in no folder of a class, left out: 2 (t/test/images/x.JPEG, t/val/images/v2.JPEG)."]);
  });

  it("leaves out held-out pictures of classes without training pictures, such as a folder for unknown ones", async () => {
    const data = await open([...classFolders("p/train/", ["cat", "dog"], 4), ...classFolders("p/test/", ["unknown"], 2)]);
    expect([data.classes, data.train.count, data.test.count]).toEqual([["cat", "dog"], 6, 2]);
    expect(data.notes[0]).toBe(
      "Held-out pictures of classes that no training picture has, left out: 2 (p/test/unknown/0.png (unknown), p/test/unknown/1.png (unknown)).",
    );
  });

  it("takes one class in two Unicode forms for one", async () => {
    const data = await open([...classFolders("d/train/", ["Caf\u00e9", "Tee"], 2), ...classFolders("d/test/", ["Cafe\u0301", "Tee"], 1)]);
    expect(data.classes).toEqual(["Caf\u00e9", "Tee"]);
    expect(data.test.count).toBe(2);
  });

  it("leaves bad files out and says which and why; where nothing is left to learn from, that is the refusal", async () => {
    const two = classFolders("", ["cat", "dog"], 4);
    const png = [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0x5d, 0xc0, 0, 0, 0x51, 0x61];
    const bad: [SourceFile, string][] = [
      [file("dog/broken.png", [1, 2, 3]), "dog/broken.png is damaged, or a kind of picture that cannot be read here"],
      [file("dog/empty.png", []), "dog/empty.png is empty"],
      [file("dog/vast.png", png), "dog/vast.png has 24000 x 20833 pixels, 500 megapixels; 100 is the limit"],
      [{ ...file("dog/huge.png", []), size: 2e9 }, "dog/huge.png is larger than 1 GB"],
    ];
    for (const [one, reason] of bad) {
      const data = await open([...two, one]);
      expect([data.train.count + data.test.count, data.notes]).toEqual([8, [`Pictures that could not be read, left out: 1 (${reason}).`]]);
      expect(await refusal([...classFolders("", ["cat"], 2), one])).toContain(
        `one class only (cat). Pictures that could not be read, left out: 1 (${reason})`,
      );
    }
    expect((await open([...two, file("loose.png", flat(77))])).notes).toEqual([
      "Pictures in no folder of a class, left out: 1 (loose.png).",
    ]);
    expect(await refusal([file("loose.png", flat(77))])).toContain("No picture lies in a folder of its class. Pictures in no folder");
    const scans = ["cat", "dog"].map((name) => file(`${name}/1.tif`, [1]));
    expect((await open([...two, ...scans])).notes).toEqual([
      "Pictures in the format TIF, which is not read here, left out: 2 (cat/1.tif, dog/1.tif).",
    ]);
    expect(await refusal(scans)).toContain(
      "There are no images among the chosen files. Pictures in the format TIF, which is not read here",
    );
  });

  it("refuses, naming file and remedy", async () => {
    const two = classFolders("", ["cat", "dog"], 4);
    expect(await refusal([])).toContain("no files to read");
    expect(await refusal([file("a/notes.txt", [1])])).toContain("no images among the chosen files (a/notes.txt");
    expect(await refusal(classFolders("pets/", ["cat"], 5))).toBe(
      "pets has one class only (cat). Add images of at least one other class: one folder, or one label, per class.",
    );
    expect(await refusal([{ ...file("huge.zip", []), size: 2e9 }])).toContain("huge.zip is larger than 1 GB");
    expect(await refusal([file("pets.zip", [80, 75, 3, 4, 0])])).toContain("pets.zip is a damaged zip");
    expect(await refusal(two, { side: 20_000 })).toContain("smaller image size");
    expect(
      await refusal(
        classFolders(
          "",
          Array.from({ length: 1001 }, (_, i) => `c${i}`),
          1,
        ),
      ),
    ).toContain("1001 classes");
    expect(await refusal(classFolders("", ["cat", "dog"], 1))).toContain("none can be held out");
  });
});

describe("the id", () => {
  it("follows from pictures, labels and classes, not from where the files lie", async () => {
    const id = async (root: string, classes: string[], n = 4, side = 2) => (await open(classFolders(root, classes, n), { side })).id;
    const first = await id("pets/", ["cat", "dog"]);
    expect(first).toMatch(/^files-[0-9a-f]{16}$/);
    expect(await id("moved/here/", ["cat", "dog"])).toBe(first);
    const others = [await id("pets/", ["cat", "cow"]), await id("pets/", ["cat", "dog"], 5), await id("pets/", ["cat", "dog"], 4, 3)];
    expect(new Set([first, ...others]).size).toBe(4);
  });
});
