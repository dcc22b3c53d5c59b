import { describe, expect, it } from "vitest";
import { hasShared, sharedBytes, sharedJson, sharedPaths } from "../models/shared.fixture";
import { Findings } from "./annotated";
import { findAnnotations } from "./annotations";
import { DataError } from "./dataset";
import type { DetectionSplit } from "./detection";
import type { SourceFile } from "./files";
import { decodeSized, file, sized, textFile, zipOf } from "./files.fixture";
import { openDetection } from "./open.detection";
import { placed } from "./placing";

const SIDE = 20;
const open = (files: SourceFile[], options: Partial<Parameters<typeof openDetection>[1]> = {}) =>
  openDetection(files, { side: SIDE, decode: decodeSized, seed: 1, ...options });

async function refusal(files: SourceFile[]): Promise<string> {
  const error = await open(files).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).remedy.length).toBeGreaterThan(10);
  return (error as DataError).message;
}

/** Pictures of 40 x 20 pixels: they lie at [0, 5, 20, 15] of the square, at half their size. */
const pictures = (folder: string, ...names: string[]) => names.map((name) => file(`${folder}${name}`, sized(40, 20, 100)));
const json = (path: string, value: unknown) => textFile(path, JSON.stringify(value));
const all = (split: DetectionSplit) => Array.from({ length: split.count }, (_, i) => split.truths(i));

const images = (...names: string[]) => names.map((file_name, i) => ({ id: i + 1, file_name, width: 40, height: 20 }));
const categories = [
  { id: 7, name: "dog", supercategory: "animal" },
  { id: 3, name: "cat", supercategory: "animal" },
  { id: 90, name: "cup", supercategory: "none" },
];
const annotation = (image_id: unknown, category_id: unknown, bbox: unknown, more = {}) => ({ id: 1, image_id, category_id, bbox, ...more });
const instances = (path: string, names: string[], annotations: unknown[]) =>
  json(path, { images: images(...names), annotations, categories });

const two = [annotation(1, 3, [10, 4, 20, 8]), annotation(2, 3, [0, 0, 40, 20])];
/** A sound data set, to be spoiled. */
const sound = (annotations: unknown[] = two) => [instances("a.json", ["1.png", "2.png"], annotations), ...pictures("", "1.png", "2.png")];

describe("COCO JSON", () => {
  it("becomes a data set: boxes follow their pictures, categories lose their gaps, files tell the parts", async () => {
    const more = [
      annotation(2, 7, [0, 0, 8, 8]),
      annotation(1, 90, [0, 0, 8, 4], { iscrowd: 1, area: 16 }),
      annotation(1, 3, [2, 2, 4, 4], { ignore: 1 }),
    ];
    const data = await open([
      instances("d/annotations/instances_train2017.json", ["a.png", "b.png", "empty.png"], [...two, ...more]),
      instances("d/annotations/instances_val2017.json", ["a.png"], [annotation(1, 7, [0, 0, 4, 4])]),
      ...pictures("d/train2017/", "a.png", "b.png", "empty.png"),
      ...pictures("d/val2017/", "a.png"),
    ]);
    expect(data).toMatchObject({ name: "d (yours)", side: SIDE, classes: ["cat", "dog", "cup"], notes: [] });
    expect(data.supercategories).toEqual(["animal", "animal", "cup"]);
    expect(all(data.train)).toEqual([
      [
        { category: 0, box: [5, 7, 15, 11] },
        { category: 2, box: [0, 5, 4, 7], crowd: true, area: 4 },
        { category: 0, box: [1, 6, 3, 8], difficult: true },
      ],
      [
        { category: 0, box: [0, 5, 20, 15] },
        { category: 1, box: [0, 5, 4, 9] },
      ],
      [],
    ]);
    expect(all(data.test)).toEqual([[{ category: 1, box: [0, 5, 2, 7] }]]);
  });

  it("fits pictures in whole, before their mean colour", async () => {
    const files = [instances("a.json", ["1.png", "2.png"], two), file("1.png", sized(40, 20, 50)), file("2.png", sized(40, 20, 150))];
    const data = await open(files, { holdOut: 0.5 });
    const value = data.train.image(0)[3 * SIDE * 10];
    expect([50, 150]).toContain(value);
    expect(data.moments.mean.map((m) => 255 * m)).toEqual([0, 1, 2].map(() => expect.closeTo(value, 6)));
    const other = data.test.image(0);
    expect([...new Set(other.subarray(0, 3 * 5 * SIDE))]).toEqual([value]);
    expect([...new Set(other.subarray(3 * 5 * SIDE, 3 * 15 * SIDE))]).toEqual([200 - value]);
  });

  it("scales boxes with pictures of another size than stated, and leaves out those of another shape", async () => {
    const files = [instances("a.json", ["1.png", "2.png", "3.png"], [...two, annotation(3, 3, [0, 0, 4, 4])])];
    files.push(file("1.png", sized(80, 40)), ...pictures("", "2.png"), file("3.png", sized(20, 40)));
    const data = await open(files, { holdOut: 0.01 });
    expect(data.notes).toContain("Pictures of another size than their annotations state, whose boxes were scaled to fit: 1 (1.png).");
    expect(data.notes).toContain("Pictures of other proportions than their annotations state, left out: 1 (3.png).");
    expect([...all(data.train), ...all(data.test)].flat().map(({ box }) => box)).toContainEqual([5, 7, 15, 11]);
  });

  it("leaves wrong annotations out, and says which and why", async () => {
    const wrong = [
      annotation(1, 3, [10, 4, 0, 8]),
      annotation(1, 3, [10, 4, -3, 8]),
      annotation(1, 3, [50, 4, 5, 5]),
      annotation(1, 3, [35, 4, 15, 5]),
      annotation(9, 3, [1, 1, 2, 2]),
      annotation(1, 4, [1, 1, 2, 2]),
      annotation(1, 3, [1, 1, 2]),
      annotation(1, 3, ["1", 1, 2, 2]),
      annotation(1, 3, null),
      "nothing",
      annotation("1", 3, [1, 1, 2, 2]),
    ];
    const data = await open(sound([...two, ...wrong]));
    expect(data.notes.toSorted()).toEqual([
      "Annotations of no known category, left out: 1 (a.json annotation 8).",
      "Annotations of no known image, left out: 2 (a.json annotation 7, a.json annotation 13).",
      "Annotations that are none, left out: 1 (a.json annotation 12).",
      "Annotations whose bbox is not four numbers, left out: 3 (a.json annotation 9, a.json annotation 10, a.json annotation 11).",
      "Boxes outside of their picture, left out: 1 (a.json annotation 5).",
      "Boxes that reach over the edge of their picture, cut there: 1 (a.json annotation 6).",
      "Boxes without area, left out: 2 (a.json annotation 3, a.json annotation 4).",
    ]);
    expect([...all(data.train), ...all(data.test)].flat().length).toBe(3);
  });

  it("leaves out pictures that are missing, or of which nothing is said; held-out classes nobody taught", async () => {
    const data = await open([
      instances("train.json", ["1.png", "gone.png"], [annotation(1, 3, [0, 0, 8, 8]), annotation(2, 7, [0, 0, 8, 8])]),
      instances("test.json", ["2.png"], [annotation(1, 7, [0, 0, 8, 8]), annotation(1, 3, [0, 0, 8, 8])]),
      ...pictures("", "1.png", "2.png", "logo.png"),
    ]);
    expect(data.classes).toEqual(["cat"]);
    expect(data.notes.toSorted()).toEqual([
      "Held-out objects of classes that no training picture has, left out: 1 (test.json annotation 1 (dog)).",
      "Pictures whose files are missing, left out: 1 (gone.png in train.json).",
      "Pictures without annotations, left out: 1 (logo.png).",
    ]);
    expect(all(data.test)).toEqual([[{ category: 0, box: [0, 5, 4, 9] }]]);
  });

  it("takes instances rather than key points, and COCO rather than Pascal VOC", async () => {
    const data = await open([
      instances("instances.json", ["1.png", "2.png"], two),
      instances("person_keypoints.json", ["1.png", "2.png"], two),
      json("captions.json", { images: images("1.png"), annotations: [{ image_id: 1, caption: "a cat" }] }),
      textFile("1.xml", voc("1.png", [])),
      ...pictures("", "1.png", "2.png"),
    ]);
    expect(data.notes).toEqual([
      "Pascal VOC files, left out since there is COCO JSON: 1 (1.xml).",
      "COCO files beside the instances, left out: 1 (person_keypoints.json).",
    ]);
  });

  it("refuses what cannot be meant, naming file and remedy", async () => {
    const spoiled = (value: object) => [
      json("a.json", { images: images("1.png"), annotations: [], categories, ...value }),
      ...pictures("", "1.png"),
    ];
    expect(await refusal([textFile("a.json", '{"images": [')])).toContain("a.json is not readable as JSON: ");
    expect(await refusal(spoiled({ categories: undefined, annotations: [annotation(1, 3, [0, 0, 1, 1])] }))).toContain(
      "a.json has no list of categories.",
    );
    expect(await refusal(spoiled({ categories: [{ id: "1", name: "cat" }] }))).toContain(
      "a.json: category 1 has no id, a number, or no name.",
    );
    expect(await refusal(spoiled({ images: [...images("1.png"), { id: 2 }] }))).toContain("a.json: image 2 has no id or no file_name.");
    expect(await refusal(spoiled({ images: [...images("1.png"), ...images("2.png")] }))).toContain("a.json has two images of id 1.");
    expect(await refusal(spoiled({ categories: [...categories, categories[0]] }))).toContain("a.json has two categories of id 7.");
    expect(await refusal(spoiled({ images: [] }))).toContain("The annotations name no picture.");
    expect(await refusal(sound().slice(0, 1))).toBe(
      "None of the 2 pictures that the annotations name is among the chosen files (1.png in a.json, ...). Choose the folder or zip that holds the pictures too.",
    );
    expect(await refusal([...sound(), instances("b.json", ["1.png"], [])])).toContain("1.png is annotated both in a.json and in b.json.");
    expect(
      await refusal(
        spoiled({
          images: [
            { id: 1, file_name: "1.png" },
            { id: 2, file_name: "x/1.png" },
          ],
        }),
      ),
    ).toContain("1.png is annotated twice in a.json.");
    expect(await refusal(sound([]))).toContain("No picture to train on has a box.");
    expect(await refusal([instances("a.json", ["1.png"], two.slice(0, 1)), ...pictures("", "1.png")])).toContain(
      "one picture with annotations only (1.png)",
    );
    expect(await refusal([...sound().slice(0, 2), file("2.png", [1, 2, 3])])).toContain("2.png is damaged");
    expect(await refusal(pictures("", "1.png"))).toContain("There are no boxes among the chosen files (1.png, ...).");
    expect(await refusal([])).toContain("no files to read");
  });
});

/** A VOC file with objects of [name, xmin, ymin, xmax, ymax] or raw XML. */
function voc(
  filename: string,
  objects: (readonly [string, ...unknown[]] | string)[],
  size = "<width>40</width><height>20</height>",
): string {
  const edges = ["xmin", "ymin", "xmax", "ymax"];
  const written = objects.map((object) => {
    if (typeof object === "string") return object;
    const [name, ...values] = object;
    const box = edges.map((edge, i) => `<${edge}>${values[i]}</${edge}>`).join("");
    return `<object><name>${name}</name><bndbox>${box}</bndbox></object>`;
  });
  return `<annotation><filename>${filename}</filename><size>${size}</size>${written.join("")}</annotation>`;
}

describe("Pascal VOC", () => {
  const lists = [
    textFile("v/ImageSets/Main/train.txt", "a\nb\n"),
    textFile("v/ImageSets/Main/trainval.txt", "a\r\nb\r\nc\r\n"),
    textFile("v/ImageSets/Main/val.txt", "c"),
  ];

  it("becomes a data set, divided as its lists say", async () => {
    const person =
      "<object><name>person</name><difficult>1</difficult><part><name>head</name><bndbox><xmin>1</xmin></bndbox></part><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>6.0</xmax><ymax>6</ymax></bndbox></object>";
    const data = await open([
      textFile("v/Annotations/a.xml", voc("a.jpg", [["cat", 10, 4, 30, 12], person])),
      textFile(
        "v/Annotations/b.xml",
        voc("another name.jpg", [
          ["dog 10", 0, 0, 40, 20],
          ["dog 9", 0, 0, 4, 4],
        ]),
      ),
      textFile("v/Annotations/c.xml", voc("c.jpg", [], "<width>0</width>")),
      textFile("v/Annotations/d.xml", voc("d.jpg", [])),
      ...pictures("v/JPEGImages/", "a.jpg", "b.jpg", "c.jpg", "d.jpg"),
      ...lists,
    ]);
    expect(data).toMatchObject({ name: "v (yours)", classes: ["cat", "dog 9", "dog 10", "person"] });
    expect(data.supercategories).toEqual(data.classes);
    expect(all(data.train)).toEqual([
      [
        { category: 0, box: [5, 7, 15, 11] },
        { category: 3, box: [1, 6, 3, 8], difficult: true },
      ],
      [
        { category: 2, box: [0, 5, 20, 15] },
        { category: 1, box: [0, 5, 2, 7] },
      ],
    ]);
    expect(all(data.test)).toEqual([[]]);
    expect(data.notes).toEqual(["Pictures that no list names, left out: 1 (v/JPEGImages/d.jpg)."]);
  });

  it("leaves out objects without name, box or area, and says which", async () => {
    const data = await open([
      textFile(
        "a.xml",
        voc("a.jpg", [
          ["cat", 10, 4, 10, 12],
          ["", 1, 1, 2, 2],
          ["cat", 1, "x", 2, 2],
          "<object><name>cat</name></object>",
          ["cat", 1, 1, 9, 9],
        ]),
      ),
      textFile("b.xml", voc("b.jpg", [["cat", 1, 1, 9, 9]])),
      textFile("gone.xml", voc("gone.jpg", [["cat", 1, 1, 9, 9]])),
      ...pictures("", "a.jpg", "b.jpg"),
    ]);
    expect(data.notes.toSorted()).toEqual([
      "Boxes without area, left out: 1 (a.xml object 1).",
      "Objects without a name or without a box of four numbers, left out: 3 (a.xml object 2, a.xml object 3, a.xml object 4).",
      "Pictures whose files are missing, left out: 1 (gone.jpg in gone.xml).",
    ]);
  });

  it("refuses broken and foreign XML, naming file and line", async () => {
    expect(await refusal([textFile("a.xml", "<annotation>\n<object>\n</annotation>"), ...pictures("", "a.jpg")])).toContain(
      "a.xml, line 3: </annotation> closes <object>.",
    );
    expect(await refusal([textFile("cvat.xml", "<annotations></annotations>"), ...pictures("", "a.jpg")])).toContain(
      "cvat.xml holds no Pascal VOC annotation",
    );
  });
});

describe("YOLO text", () => {
  const label = (path: string, ...lines: string[]) => textFile(path, lines.join("\n"));
  const box = (number: number) => `${number} 0.5 0.4 0.5 0.4`;

  it("becomes a data set: shares become pixels, a picture without a file shows nothing", async () => {
    const data = await open([
      label("y/labels/train/a.txt", box(1), "", "0 0.05 0.1 0.1 0.2"),
      label("y/labels/val/a.txt", box(1)),
      ...pictures("y/images/train/", "a.jpg", "none.jpg"),
      ...pictures("y/images/val/", "a.jpg"),
      textFile("y/data.yaml", "path: y\nnames:\n  0: person # a\n  1: 'red car'\nnc: 2\n"),
    ]);
    expect(data.classes).toEqual(["person", "red car"]);
    expect(
      all(data.train).map((truths) => truths.map(({ category, box }) => [category, ...box.map((edge) => Math.round(1e6 * edge) / 1e6)])),
    ).toEqual([
      [
        [1, 5, 7, 15, 11],
        [0, 0, 5, 2, 7],
      ],
      [],
    ]);
    expect(all(data.test)[0][0].category).toBe(1);
    expect(data.notes).toEqual(["Pictures without a text file, taken to show no object: 1 (y/images/train/none.jpg)."]);
  });

  it.each([
    ["classes.txt", "cat\ndog\n", ["cat", "dog"]],
    ["obj.names", "cat\r\ndog", ["cat", "dog"]],
    ["data.yaml", 'names: ["cat", dog]', ["cat", "dog"]],
    ["data.yml", "nc: 2\nnames:\n- cat\n- dog\n", ["cat", "dog"]],
    ["readme.md", "cat, dog", ["0", "1"]],
  ])("takes class names from %s", async (name, text, classes) => {
    const files = [label("1.txt", box(0), box(1)), label("2.txt", box(1), box(0)), ...pictures("", "1.jpg", "2.jpg")];
    expect((await open([...files, textFile(name, text)])).classes).toEqual(classes);
  });

  it("leaves wrong lines out, and divides as lists of pictures say", async () => {
    const data = await open([
      label(
        "1.txt",
        box(0),
        "0 0.5 0.5 0.1",
        "cat 0.5 0.5 0.1 0.1",
        "0 0.1 0.1 0.2 0.1 0.2 0.2",
        "-1 0.5 0.5 0.1 0.1",
        "0.5 0.5 0.5 0.1 0.1",
      ),
      label("2.txt", box(0)),
      label("3.txt"),
      label("train.txt", "data/1.jpg", "data/3.jpg"),
      label("valid.txt", "data/2.jpg"),
      ...pictures("", "1.jpg", "2.jpg", "3.jpg"),
    ]);
    expect(data.notes).toEqual([
      "Lines that are not class, x, y, width and height, left out: 5 (1.txt line 2, 1.txt line 3, 1.txt line 4 and others).",
    ]);
    expect([data.train.count, data.test.count]).toEqual([2, 1]);
    expect(all(data.train).map((truths) => truths.length)).toEqual([1, 0]);
  });

  it("refuses classes without a name", async () => {
    const files = [label("1.txt", box(2)), label("2.txt", box(0)), ...pictures("", "1.jpg", "2.jpg"), textFile("classes.txt", "cat\ndog")];
    expect(await refusal(files)).toContain("1.txt has an object of class 2, but classes.txt names 2 classes, from 0 on.");
  });
});

describe("openDetection", () => {
  const many = [
    instances(
      "a.json",
      Array.from({ length: 40 }, (_, i) => `${i}.png`),
      Array.from({ length: 40 }, (_, i) => annotation(i + 1, 3, [i % 30, 0, 5, 5])),
    ),
    ...Array.from({ length: 40 }, (_, i) => file(`${i}.png`, sized(40, 20, i))),
  ];

  it("holds a share out where nothing is given as held out, drawn from the seed, whatever the order of files", async () => {
    const data = await open(many);
    expect([data.train.count, data.test.count]).toEqual([34, 6]);
    const again = await open(many.toReversed());
    expect([again.id, all(again.test)]).toEqual([data.id, all(data.test)]);
    expect(all((await open(many, { seed: 2 })).test)).not.toEqual(all(data.test));
  });

  it("reads a zip, and reports progress", async () => {
    const shares: number[] = [];
    const data = await open([file("cups.zip", await zipOf(many))], { onProgress: (share) => shares.push(share) });
    expect(data.train.count).toBe(34);
    expect(shares.length).toBe(40);
    expect(shares.at(-1)).toBe(1);
  });

  it("has an id that follows from pictures and boxes, not from where the files lie", async () => {
    const id = async (files: SourceFile[]) => (await open(files)).id;
    const first = await id(sound());
    expect(first).toMatch(/^files-[0-9a-f]{16}$/);
    expect(await id(sound().map((one) => ({ ...one, path: `moved/${one.path}` })))).toBe(first);
    expect(await id(sound([...two, annotation(1, 3, [0, 0, 2, 2])]))).not.toBe(first);
    expect(await id([...sound().slice(0, 2), file("2.png", sized(40, 20, 9))])).not.toBe(first);
  });
});

describe.skipIf(!hasShared)("the shared files", () => {
  const shared = (folder: string) => sharedPaths(folder).map((path) => file(path, sharedBytes(path)));

  /** What the annotations of a folder say of each picture, on squares of its longer edge, by name; boxes in a fixed order. */
  async function said(folder: string, sizes: Record<string, [number, number]>): Promise<Record<string, string[]>> {
    const findings = new Findings();
    const { annotated } = await findAnnotations(shared(folder), findings);
    expect(findings.notes()).toEqual([]);
    const pictures = annotated.pictures.map((one) => {
      const name = one.names[0].replace(/^.*\//, "").replace(/\.jpg$/, "");
      const [width, height] = sizes[`${name}.jpg`];
      const { objects } = placed(one, { pixels: new Uint8Array(), width, height }, name, Math.max(width, height), findings)!;
      return [name, objects.map((object) => `${object.name} ${object.box.map(Math.round).join(" ")}`).toSorted()] as const;
    });
    return Object.fromEntries(pictures.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  it("say the same of a hundred pictures in Pascal VOC, YOLO and two kinds of COCO", async () => {
    const sizes = sharedJson<Record<string, [number, number]>>("formats/image_sizes.json");
    const expected = await said("formats/pascalvoc_format", sizes);
    expect(Object.values(expected).flat().length).toBe(273);
    expect(Object.keys(expected).length).toBe(100);
    for (const folder of ["coco_format_v1", "coco_format_v2", "yolo_format"])
      expect(await said(`formats/${folder}`, sizes), folder).toEqual(expected);
  });

  it("hold the blood cells of BCCD, as COCO and as VOC, less two boxes without area", async () => {
    const decode = async (_: Uint8Array, side: number) => ({ pixels: new Uint8Array(3 * side * side), width: 640, height: 480 });
    const files = shared("bccd").filter(({ path }) => !/README|SHA256SUMS/.test(path));
    const counts = (split: DetectionSplit) =>
      [0, 1, 2].map(
        (k) =>
          all(split)
            .flat()
            .filter(({ category }) => category === k).length,
      );
    const read = async (kept: SourceFile[], notes: string[]) => {
      const data = await open(kept, { decode, side: 128 });
      expect(data).toMatchObject({ classes: ["Platelets", "RBC", "WBC"], name: "bccd (yours)", notes });
      expect([data.train.count, data.test.count, counts(data.train), counts(data.test)]).toEqual([
        205,
        87,
        [209, 2381, 214],
        [83, 967, 87],
      ]);
      return data;
    };
    await read(
      files.filter(({ path }) => !path.includes("Annotations/")),
      [],
    );
    const xml = files.filter(({ path }) => !path.includes("coco/"));
    await read(xml, [
      "Boxes without area, left out: 2 (bccd/Annotations/BloodImage_00343.xml object 4, bccd/Annotations/BloodImage_00338.xml object 13).",
    ]);
  });
});
