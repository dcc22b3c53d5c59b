import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { DataError } from "./dataset";
import type { SourceFile } from "./files";
import { decodeSized, file, sized, textFile } from "./files.fixture";
import { type OpenSegmentationOptions, openSegmentation } from "./open.segmentation";
import { type PngOptions, pngBytes } from "./png.fixture";
import { IGNORE, type PackedSplit, vocPalette } from "./segmentation";

const SIDE = 8;
const open = (files: SourceFile[], options: Partial<OpenSegmentationOptions> = {}) =>
  openSegmentation(files, { side: SIDE, decode: decodeSized, seed: 1, holdOut: 0.34, ...options });

async function refusal(files: SourceFile[]): Promise<string> {
  const error = await open(files).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).remedy.length).toBeGreaterThan(5);
  return (error as DataError).message;
}

/** Pictures of 8 x 4 pixels: they lie at rows 2 to 5 of the square, at their own size. */
const image = (path: string, value = 100, width = 8, height = 4) => file(path, sized(width, height, value));
/** A mask of 8 x 4 pixels, of the values of each column; grey of 8 bits by default. */
const mask = (path: string, columns: number[], options: Partial<PngOptions> = {}) => {
  const samples = Array.from({ length: 4 }, () => columns).flat();
  return file(path, pngBytes({ width: 8, height: 4, depth: 8, colour: 0, samples, ...options }));
};
const rgb = (path: string, columns: number[][]) => mask(path, columns.flat(), { colour: 2 });
const halves = <T>(a: T, b: T): T[] => [a, a, a, a, b, b, b, b];
/** Three pictures of that mask. */
const three = (masks: (path: string, i: number) => SourceFile, folders = ["d/images/", "d/masks/"]) =>
  ["1", "2", "3"].flatMap((name, i) => [image(`${folders[0]}${name}.jpg`, 50 * i), masks(`${folders[1]}${name}.png`, i)]);
const labelsOf = ({ labels }: PackedSplit, i = 0) => [...labels.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE)];
/** The labels of the middle row of a picture. */
const row = (split: PackedSplit, i = 0) => labelsOf(split, i).slice(3 * SIDE, 4 * SIDE);

describe("masks of numbers", () => {
  it("follow their images into the square, with what is around them ignored", async () => {
    const set = await open(three((path) => mask(path, halves(0, 1))));
    expect([set.side, set.channels, set.classes, set.name]).toEqual([SIDE, 3, ["class 0", "class 1"], "d (yours)"]);
    expect([set.train.count, set.test.count]).toEqual([2, 1]);
    const around = Array(2 * SIDE).fill(IGNORE);
    expect(labelsOf(set.train)).toEqual([...around, ...Array(4).fill(halves(0, 1)).flat(), ...around]);
    expect(set.notes).toEqual([]);
  });

  it("are enlarged and shrunk to the nearest, like their images", async () => {
    const large = (path: string) => {
      const samples = Array.from({ length: 16 * 16 }, (_, i) => (i % 16 < 10 ? 0 : 1));
      return file(path, pngBytes({ width: 16, height: 16, depth: 1, colour: 0, samples }));
    };
    const files = ["1", "2"].flatMap((name) => [image(`images/${name}.png`, 9, 16, 16), large(`masks/${name}.png`)]);
    const set = await open(files);
    expect(labelsOf(set.train)).toEqual(Array(8).fill([0, 0, 0, 0, 0, 1, 1, 1]).flat());
  });

  it("with gaps become 0, 1, 2, keep their numbers as names, and are reported", async () => {
    const set = await open(three((path, i) => mask(path, halves(i === 0 ? 3 : 9, 7))));
    const { classes, notes } = await open(three((path) => mask(path, [3, 3, 9, 9, 7, 7, 255, 255])));
    expect(classes).toEqual(["class 3", "class 7", "class 9"]);
    expect(notes[0]).toMatch(/renumbered: 3 \(3 \(class 3\) became 0, 7 \(class 7\) became 1, 9 \(class 9\) became 2\)/);
    expect(set.classes).toContain("class 7");
  });

  it("count 255 for none", async () => {
    const set = await open(three((path) => mask(path, [0, 0, 1, 1, 255, 255, 1, 1])));
    expect(row(set.train)).toEqual([0, 0, 1, 1, IGNORE, IGNORE, 1, 1]);
  });

  it("are read as background and foreground where they are 0 and 255 alone, and so said", async () => {
    const set = await open(three((path) => mask(path, halves(0, 255))));
    expect([set.classes, row(set.train)]).toEqual([["background", "foreground"], halves(0, 1)]);
    expect(set.notes).toEqual([
      expect.stringMatching(/^Masks of 0 and 255 alone, read as background and foreground: 1 \(d\/masks\/\d\.png\)\.$/),
    ]);
  });

  it("may have 16 bits, where 65535 counts for none", async () => {
    const set = await open(three((path) => mask(path, [1000, 1000, 255, 255, 65535, 65535, 2, 2], { depth: 16 })));
    expect(set.classes).toEqual(["class 2", "class 255", "class 1000"]);
    expect(row(set.train)).toEqual([2, 2, 1, 1, IGNORE, IGNORE, 0, 0]);
  });

  it("may be saved as grey colours", async () => {
    const set = await open(
      three((path) =>
        rgb(
          path,
          [0, 0, 4, 4, 4, 4, 255, 255].map((v) => [v, v, v]),
        ),
      ),
    );
    expect([set.classes, row(set.train)]).toEqual([
      ["class 0", "class 4"],
      [0, 0, 1, 1, 1, 1, IGNORE, IGNORE],
    ]);
  });

  it("are named by a text file, by line or by number", async () => {
    const masks = three((path) => mask(path, [0, 0, 1, 1, 2, 2, 255, 255]));
    expect((await open([...masks, textFile("d/labels.txt", "sky\nroad surface\n\ncar\n")])).classes).toEqual([
      "sky",
      "road surface",
      "car",
    ]);
    expect((await open([...masks, textFile("d/classes.txt", "2: car\n0: sky")])).classes).toEqual(["sky", "class 1", "car"]);
  });
});

describe("paletted masks", () => {
  const palette = [10, 10, 10, 200, 0, 0, 0, 200, 0, 200, 0, 0];

  it("are numbers, whatever their colours: two indices of one colour stay two classes", async () => {
    const set = await open(three((path) => mask(path, [0, 0, 1, 1, 3, 3, 2, 2], { colour: 3, depth: 2, palette })));
    expect(set.classes).toEqual(["class 0", "class 1", "class 2", "class 3"]);
    expect(set.palette).toEqual([
      [10, 10, 10],
      [200, 0, 0],
      [0, 200, 0],
      [200, 0, 0],
    ]);
    expect(row(set.train)).toEqual([0, 0, 1, 1, 3, 3, 2, 2]);
  });

  const voc = vocPalette(256).flat();
  const vocFiles = (names: string[], columns = [0, 0, 15, 15, 255, 255, 8, 8]) =>
    names.flatMap((name) => [
      image(`VOC2012/JPEGImages/${name}.jpg`),
      mask(`VOC2012/SegmentationClass/${name}.png`, columns, { colour: 3, palette: voc }),
      mask(`VOC2012/SegmentationObject/${name}.png`, halves(1, 2), { colour: 3, palette: voc }),
    ]);

  it("of Pascal VOC: its names, its colours, its lists, 255 ignored, masks of objects left out", async () => {
    const set = await open([
      ...vocFiles(["a", "b", "c"]),
      image("VOC2012/JPEGImages/unlabelled.jpg"),
      textFile("VOC2012/ImageSets/Segmentation/train.txt", "a\nc\n"),
      textFile("VOC2012/ImageSets/Segmentation/val.txt", "b\n"),
      textFile("VOC2012/ImageSets/Main/val.txt", "a\nc\n"),
    ]);
    expect(set.classes).toEqual(["background", "cat", "person"]);
    expect(set.palette).toEqual([0, 8, 15].map((label) => vocPalette(21)[label]));
    expect([set.train.count, set.test.count]).toEqual([2, 1]);
    expect(row(set.test)).toEqual([0, 0, 2, 2, IGNORE, IGNORE, 1, 1]);
    expect(set.notes.join("\n")).toMatch(
      /Masks of single objects, left out: 3 .*\n.*Images without a mask, left out: 1 \(VOC2012\/JPEGImages\/unlabelled/,
    );
  });
});

describe("ADE20K", () => {
  const files = (folder: string) => [
    ...three((path) => mask(path, halves(0, 2)), [`${folder}/images/training/`, `${folder}/annotations/training/`]),
    image(`${folder}/images/validation/9.jpg`),
    mask(`${folder}/annotations/validation/9.png`, halves(2, 1)),
    mask(`${folder}/annotations/training/stray.png`, halves(2, 1)),
  ];

  it("is recognised by its folders: 0 is no class, and its validation part is held out", async () => {
    const more = [image("ADE/images/training/4.jpg"), mask("ADE/annotations/training/4.png", halves(1, 1))];
    const info = "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t0.1576\t11664\t1172\t1\twall\n2\t0.1072\t6046\t612\t1\tbuilding, edifice\n";
    const set = await open([...files("ADE"), ...more, textFile("ADE/objectInfo150.txt", info)]);
    expect(set.classes).toEqual(["wall", "building"]);
    expect([set.train.count, set.test.count]).toEqual([4, 1]);
    expect(row(set.train)).toEqual(halves(IGNORE, 1));
    expect(set.notes.join("\n")).toContain("ADE20K's 0 stands for no class");
    expect(set.notes.join("\n")).toContain("Masks without an image, left out: 1 (ADE/annotations/training/stray.png)");
  });

  it("is not seen where only the folders are alike", async () => {
    const set = await open(files("mine"));
    expect(set.classes).toEqual(["class 0", "class 2"]);
    expect(set.notes.join("\n")).toContain("ignored in held-out ones: 1 (class 1 in mine/annotations/validation/9.png)");
    expect(row(set.test)).toEqual(halves(1, IGNORE));
  });
});

describe("masks of colours", () => {
  const [road, sky, red] = [
    [128, 64, 128],
    [128, 128, 128],
    [255, 0, 0],
  ];

  it("are classes in the order of their values, named by them", async () => {
    const set = await open(three((path) => rgb(path, [...halves(sky, road).slice(0, 6), red, red])));
    expect(set.classes).toEqual(["#804080", "#808080", "#ff0000"]);
    expect(set.palette).toEqual([road, sky, red]);
    expect(row(set.train)).toEqual([1, 1, 1, 1, 0, 0, 2, 2]);
  });

  it.each([
    ["label_colors.txt", "128 128 128\tsky\n128 64 128\troad way\n0 0 0 Void"],
    ["labelmap.txt", "# label:color_rgb:parts:actions\nsky:128,128,128::\nroad way:128,64,128::\nvoid:0,0,0::"],
    ["class_dict.csv", "name,r,g,b\nsky,128,128,128\nroad way,128,64,128\nVoid,0,0,0\n"],
  ])("are named and ordered by %s; colours it does not name, and void, are ignored and told", async (name, text) => {
    const masks = three((path) => rgb(path, [sky, sky, road, road, red, red, [0, 0, 0], [0, 0, 0]]));
    const set = await open([...masks, textFile(`d/${name}`, text)]);
    expect([set.classes, set.palette]).toEqual([
      ["sky", "road way"],
      [sky, road],
    ]);
    expect(row(set.train)).toEqual([0, 0, 1, 1, IGNORE, IGNORE, IGNORE, IGNORE]);
    expect(set.notes.join("\n")).toMatch(new RegExp(`Colours that d/${name} does not name, ignored: 1 .#ff0000 in d/masks/\\d.png`));
    expect(set.notes.join("\n")).toMatch(/not to count by their name, ignored: 1 \(void\)/i);
  });
});

describe("files are found", () => {
  const pair = (from: string, to: string) => three((path) => mask(path, halves(0, 1)), [from, to]);

  it.each([
    ["d/images/", "d/masks/"],
    ["image/", "label/"],
    ["img/", "annotations/"],
    ["train/images/", "train/labels/"],
    ["images/train/", "masks/train/"],
    ["my-segmentation/", "my-segmentation/masks/"],
    ["d/train/", "d/train_labels/"],
    ["d/train/", "d/trainannot/"],
    ["JPEGImages/", "SegmentationClass/"],
  ])("in %s and %s", async (from, to) => {
    const set = await open(pair(from, to));
    expect([set.train.count + set.test.count, row(set.train)]).toEqual([3, halves(0, 1)]);
  });

  it("beside their images, by a word of their name", async () => {
    const set = await open(["1", "2", "3"].flatMap((name) => [image(`d/${name}.jpg`), mask(`d/${name}_mask.png`, halves(0, 1))]));
    expect(set.train.count + set.test.count).toBe(3);
  });

  it("in a zip, and of equal names in two parts each with its own mask", async () => {
    const files = ["train", "val"].flatMap((part, i) => [
      image(`images/${part}/1.png`, 10),
      mask(`masks/${part}/1.png`, i ? halves(1, 0) : halves(0, 1)),
    ]);
    const entries = await Promise.all(files.map(async ({ path, bytes }) => [path, await bytes()] as const));
    const set = await open([file("d.zip", zipSync(Object.fromEntries(entries)))]);
    expect([row(set.train), row(set.test), set.name]).toEqual([halves(0, 1), halves(1, 0), "d (yours)"]);
  });

  it("whatever their order, and tell themselves from others by content", async () => {
    const files = pair("d/images/", "d/masks/");
    const [one, other] = [await open(files), await open(files.toReversed())];
    expect(other.id).toBe(one.id);
    expect((await open(three((path) => mask(path, halves(1, 0))))).id).not.toBe(one.id);
  });
});

describe("left out, and reported with file and value", () => {
  const sound = three((path) => mask(path, halves(0, 1)));

  it("masks of another size than their image", async () => {
    const set = await open([...sound, image("d/images/4.jpg", 0, 9, 4), mask("d/masks/4.png", halves(0, 1))]);
    expect(set.train.count + set.test.count).toBe(3);
    expect(set.notes[0]).toContain(
      "another size than their image, left out with it: 1 (d/masks/4.png has 8 x 4 pixels, d/images/4.jpg 9 x 4)",
    );
  });

  it("images without mask and masks without image", async () => {
    const set = await open([...sound, image("d/images/x.jpg"), mask("d/masks/y.png", halves(0, 1))]);
    expect(set.notes).toEqual([
      "Images without a mask, left out: 1 (d/images/x.jpg).",
      "Masks without an image, left out: 1 (d/masks/y.png).",
    ]);
  });

  it("masks of nothing but ignored pixels", async () => {
    const set = await open([...sound, image("d/images/4.jpg"), mask("d/masks/4.png", halves(255, 255))]);
    expect(set.train.count + set.test.count).toBe(3);
    expect(set.notes.join()).toContain("nothing but ignored pixels, left out with their images: 1 (d/masks/4.png)");
  });
});

describe("refused", () => {
  const many = (depth: number, colour: number) =>
    three((path) => {
      const samples = Array.from({ length: 20 * 20 * (colour ? 3 : 1) }, (_, i) => (colour ? Math.imul(i, 2654435761) >>> 24 : i));
      return file(path, pngBytes({ width: 20, height: 20, depth, colour, samples }));
    }).map((one) => (/jpg$/.test(one.path) ? image(one.path, 0, 20, 20) : one));

  it.each<[string, SourceFile[], RegExp]>([
    ["no files", [], /There are no files to read/],
    ["no masks", [image("images/1.jpg")], /There are no masks among the chosen files \(images\/1\.jpg/],
    [
      "no image of a mask's name",
      [image("images/1.jpg"), mask("masks/2.png", halves(0, 1))],
      /first image: images\/1\.jpg, first mask: masks\/2\.png/,
    ],
    ["one class only", three((path) => mask(path, halves(3, 3))), /show only class 3 \(d\/masks\/\d\.png/],
    ["nothing but ignored pixels", three((path) => mask(path, halves(255, 255))), /show no class at all/],
    ["masks of other sizes throughout", three((path) => mask(path, [0, 1], { width: 2, height: 4 })), /No picture to train on is left/],
    ["a mask that is no PNG", three((path) => image(path)), /d\/masks\/\d\.png is no PNG/],
    [
      "numbers and colours",
      three((path, i) => (i ? rgb(path, halves([1, 2, 3], [4, 5, 6])) : mask(path, halves(0, 1)))),
      /masks before it hold/,
    ],
    [
      "two masks of one image",
      [...three((path) => mask(path, halves(0, 1))), mask("d/masks/1_mask.png", halves(0, 1))],
      /could both be the mask of d\/images\/1\.jpg/,
    ],
    ["two images of one mask", [...three((path) => mask(path, halves(0, 1))), image("d/images/1.png")], /both belong to d\/masks\/1\.png/],
    [
      "a colour without a name",
      [...three((path) => mask(path, halves(0, 1))), textFile("labels.txt", "1 2 3 a\n4 5 6\n")],
      /labels\.txt line 2 has a colour and no name/,
    ],
    [
      "60,000 commas in a line of names",
      [...three((path) => mask(path, halves(0, 1))), textFile("labels.txt", `sky\nroad${",".repeat(60_000)}x\n`)],
      /labels\.txt line 2 has 60005 letters/,
    ],
    [
      "one number with two names",
      [...three((path) => mask(path, halves(0, 1))), textFile("labels.txt", "0 a\n0 b\n")],
      /line 2 gives the number 0 a second name/,
    ],
  ])("%s", async (_, files, message) => {
    expect(await refusal(files)).toMatch(message);
  });

  it("takes numbers of one name for one class", async () => {
    const files = [
      ...three((path) => mask(path, halves(1, 2))),
      ...three((path) => mask(path, halves(0, 2))).map(({ path, ...rest }) => ({ ...rest, path: `e/${path}` })),
    ];
    const { classes, train } = await open([...files, textFile("labels.txt", "0 sky\n1 road\n2 sky\n")]);
    expect(classes).toEqual(["sky", "road"]);
    expect(new Set(train.labels)).toEqual(new Set([0, 1, 255]));
  });

  it("more than 255 classes, as 16-bit numbers or as colours", async () => {
    const large = { side: 20 };
    await expect(open(many(16, 0), large)).rejects.toThrow(
      /masks\/\d\.png brings the masks to more than 256 numbers; 255 classes are the limit/,
    );
    await expect(open(many(8, 2), large)).rejects.toThrow(/more than 256 colours.*never as JPEG/);
  });
});
