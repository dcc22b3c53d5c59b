import { describe, expect, it } from "vitest";
import { hasShared, sharedBytes, sharedJson, sharedPaths } from "../models/shared.fixture";
import { Findings } from "./annotated";
import { findAnnotations } from "./annotations";
import { all, annotation, categories, images, instances, json, open, SIDE, sound, two, vocText } from "./boxes.fixture";
import type { DetectionSplit } from "./detection";
import type { SourceFile } from "./files";
import { file, sized, textFile, zipOf } from "./files.fixture";
import { placed } from "./placing";

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

  it("enlarges pictures of 8 pixels, and their boxes with them", async () => {
    const size = { width: 8, height: 8 };
    const told = { images: [1, 2].map((id) => ({ id, file_name: `${id}.png`, ...size })), categories };
    const tiny = json("a.json", { ...told, annotations: [annotation(1, 3, [2, 4, 1, 4]), annotation(2, 3, [0, 0, 8, 8])] });
    const data = await open([tiny, file("1.png", sized(8, 8, 1)), file("2.png", sized(8, 8, 2))], { seed: 2 });
    const boxes = [data.train, data.test].flatMap(all).flatMap((truths) => truths.map(({ box }) => box));
    expect(boxes.toSorted(([a], [b]) => a - b)).toEqual([
      [0, 0, SIDE, SIDE],
      [5, 10, 7.5, SIDE],
    ]);
    expect([...new Set(data.train.image(0))]).toHaveLength(1);
    expect(data.notes.join()).not.toMatch(/left out/);
  });

  it("leaves pictures of more than 100 megapixels out, by name", async () => {
    const header = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0x5d, 0xc0, 0, 0, 0x51, 0x61);
    const names = ["1.png", "2.png", "vast.png"];
    const rows = [...two, annotation(3, 3, [0, 0, 5, 5])];
    const data = await open([instances("a.json", names, rows), ...sound().slice(1), file("vast.png", header)]);
    expect([data.train.count, data.test.count]).toEqual([1, 1]);
    expect(data.notes).toContain(
      "Pictures that could not be read, left out: 1 (vast.png has 24000 x 20833 pixels, 500 megapixels; 100 is the limit).",
    );
  });

  it("takes class names without half letters, whoever spells them", async () => {
    const coco = json("a.json", { images: images("1.png", "2.png"), annotations: two, categories: [{ id: 3, name: "\ud800up" }] });
    const yaml = [textFile("data.yaml", 'names: ["\\uD800up"]'), textFile("1.txt", "0 .5 .5 .5 .5"), textFile("2.txt", "0 .5 .5 .5 .5")];
    const voc = ["1", "2"].map((name) => textFile(`${name}.xml`, vocText(`${name}.png`, [["&#xD800;up", 0, 0, 20, 20]])));
    for (const said of [[coco], yaml, voc]) expect((await open([...said, ...sound().slice(1)])).classes).toEqual(["\ufffdup"]);
  });

  it("has an id that follows from pictures and boxes, not from where the files lie", async () => {
    const id = async (files: SourceFile[]) => (await open(files)).id;
    const set = sound();
    const first = await id(set);
    expect(first).toMatch(/^files-[0-9a-f]{16}$/);
    expect(await id(set.map((one) => ({ ...one, path: `moved/${one.path}` })))).toBe(first);
    expect(await id([...sound([...two, annotation(1, 3, [0, 0, 2, 2])]).slice(0, 1), ...set.slice(1)])).not.toBe(first);
    expect(await id([...set.slice(0, 2), file("2.png", sized(40, 20, 255))])).not.toBe(first);
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
