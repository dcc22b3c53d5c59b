import { describe, expect, it } from "vitest";
import { all, annotation, categories, images, instances, json, open, pictures, refusal, SIDE, sound, two, vocText } from "./boxes.fixture";
import { file, sized, textFile } from "./files.fixture";

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

  it.each([
    ["of images", { images: images("1.png", "2.png"), annotations: two.map((row) => ({ ...row, image_id: String(row.image_id) })) }],
    ["of images, there", { images: images("1.png", "2.png").map((row) => ({ ...row, id: ` ${row.id}` })), annotations: two }],
    [
      "of categories",
      {
        categories: [
          { id: "10", name: "dog" },
          { id: "3", name: "cat" },
        ],
      },
    ],
    ["in annotations", { annotations: two.map((row) => ({ ...row, category_id: "3" })) }],
    ["that are no numbers", { categories: [{ id: "b", name: "cat" }], annotations: two.map((row) => ({ ...row, category_id: "b" })) }],
  ])("takes ids as text: %s", async (_, value) => {
    const said = { images: images("1.png", "2.png"), annotations: two, categories, ...value };
    const data = await open([json("a.json", said), ...pictures("", "1.png", "2.png")]);
    expect(data.classes).toEqual(["cat"]);
    expect([...all(data.train), ...all(data.test)].flat().map(({ box }) => box)).toContainEqual([5, 7, 15, 11]);
    expect(data.notes).toEqual([]);
  });

  it("takes the box around an outline where there is no bbox", async () => {
    const outlines = [[[[10, 4, 30, 4, 20, 12]], 1] as const, [[[0, 0, 40, 0, 40, 20, 0, 20]], 2] as const];
    const rows = outlines.map(([segmentation, image_id]) => ({ image_id, category_id: 3, segmentation }));
    const data = await open(sound(rows));
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
      annotation("x", 3, [1, 1, 2, 2]),
    ];
    const data = await open(sound([...two, ...wrong]));
    expect(data.notes.toSorted()).toEqual([
      "Annotations of no known category, left out: 1 (a.json annotation 8).",
      "Annotations of no known image, left out: 2 (a.json annotation 7, a.json annotation 13).",
      "Annotations that are none, left out: 1 (a.json annotation 12).",
      "Annotations whose bbox is not four numbers, and that have no outline, left out: 3 (a.json annotation 9, a.json annotation 10, a.json annotation 11).",
      "Boxes outside of their picture, left out: 1 (a.json annotation 5).",
      "Boxes that reach over the edge of their picture, cut there: 1 (a.json annotation 6).",
      "Boxes without area, left out: 2 (a.json annotation 3, a.json annotation 4).",
    ]);
    expect([...all(data.train), ...all(data.test)].flat().length).toBe(3);
  });

  it("leaves out pictures that are missing or without annotation, and held-out classes without training pictures", async () => {
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
      textFile("1.xml", vocText("1.png", [])),
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
    expect((await open([...sound(), textFile("b.json", "{")])).notes[0]).toMatch(
      /^Files that could not be read, left out: 1 \(b\.json is not/,
    );
    expect(await refusal(spoiled({ categories: undefined, annotations: [annotation(1, 3, [0, 0, 1, 1])] }))).toContain(
      "a.json has no list of categories.",
    );
    for (const one of [{ name: "cat" }, { id: 1 }, { id: 1, name: " " }])
      expect(await refusal(spoiled({ categories: [one] }))).toContain("a.json: category 1 has no id or no name.");
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
    const heldOut = (annotations: unknown[]) => [
      instances("d/annotations/instances_train2017.json", ["a.png", "b.png"], two),
      instances("d/annotations/instances_val2017.json", ["a.png"], annotations),
      ...pictures("d/train2017/", "a.png", "b.png"),
      ...pictures("d/val2017/", "a.png"),
    ];
    const crowd = annotation(1, 3, [0, 0, 8, 4], { iscrowd: 1 });
    for (const none of [[], [annotation(1, 7, [0, 0, 8, 4])], [crowd]])
      expect(await refusal(heldOut(none))).toContain("No held-out picture has a box that counts, of a class that is taught.");
    expect(await refusal([instances("a.json", ["1.png"], two.slice(0, 1)), ...pictures("", "1.png")])).toContain(
      "one picture with annotations only (1.png)",
    );
    for (const name of ["1.png", "2.png"])
      expect(await refusal([...sound().filter(({ path }) => path !== name), file(name, [1, 2, 3])])).toContain(`${name} is damaged`);
    expect(await refusal(pictures("", "1.png"))).toContain("There are no boxes among the chosen files (1.png, ...).");
    expect(await refusal([])).toContain("no files to read");
  });
});
