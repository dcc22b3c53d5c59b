import { describe, expect, it } from "vitest";
import { all, open, pictures, refusal } from "./boxes.fixture";
import { textFile } from "./files.fixture";

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
        "0 0.1 x 0.2 0.1 0.2 0.2",
        "-1 0.5 0.5 0.1 0.1",
        "0.5 0.5 0.5 0.1 0.1",
      ),
      label("2.txt", box(0)),
      label("3.txt"),
      label("train.txt", "data/1.JPG", "data/3.jpg"),
      label("valid.txt", "data/2.jpg"),
      ...pictures("", "1.jpg", "2.jpg", "3.jpg"),
    ]);
    expect(data.notes).toEqual([
      "Lines that are not class, x, y, width and height, nor class and an outline, left out: 5 (1.txt line 2, 1.txt line 3, 1.txt line 4 and others).",
    ]);
    expect([data.train.count, data.test.count]).toEqual([2, 1]);
    expect(all(data.train).map((truths) => truths.length)).toEqual([1, 0]);
  });

  it.each([
    ["a confidence", "0 0.5 0.4 0.5 0.4 0.91", ""],
    ["an outline", "0 0.25 0.3 0.75 0.2 0.6 0.6 0.5 0.5 0.3 0.4", ""],
    ["an outline and a confidence", "0 0.25 0.3 0.75 0.2 0.6 0.6 0.5", ""],
    ["four corners", "0 0.5 0.2 0.75 0.4 0.5 0.6 0.25 0.4", ""],
    ["key points and whether they are seen", "0 0.5 0.4 0.5 0.4 0.1 0.9 2 0.2 0.95 1 0 0 0", ""],
    ["key points that the YAML file speaks of", "0 0.5 0.4 0.5 0.4 0.1 0.9 0.2 0.95", "kpt_shape: [2, 2]\n"],
  ])("takes the box of %s", async (_, line, yaml) => {
    const names = textFile("data.yaml", `${yaml}names: [leaf]`);
    const data = await open([label("1.txt", line), label("2.txt", line), names, ...pictures("", "1.jpg", "2.jpg")]);
    const [{ box, category }] = data.train.truths(0);
    expect(data.classes[category]).toBe("leaf");
    expect(box.map((edge) => Math.round(1e6 * edge) / 1e6)).toEqual([5, 7, 15, 11]);
  });

  it("takes two numbers of one name for one class", async () => {
    const labels = ["1", "2", "3", "4"].map((name, i) => label(`${name}.txt`, box(i % 3)));
    const files = [...labels, ...pictures("", "1.jpg", "2.jpg", "3.jpg", "4.jpg"), textFile("data.yaml", "names: [cat, dog, ' cat ']")];
    const { classes, train } = await open(files);
    expect(classes).toEqual(["cat", "dog"]);
    expect(new Set(all(train).flatMap((truths) => truths.map(({ category }) => category)))).toEqual(new Set([0, 1]));
  });

  it("leaves out a folder of pictures without any annotation, which would count as showing nothing", async () => {
    const data = await open([
      ...["a", "b"].map((name) => label(`y/labels/train/${name}.txt`, box(0))),
      ...pictures("y/images/train/", "a.jpg", "b.jpg"),
      ...pictures("y/images/test/", "1.jpg", "2.jpg"),
    ]);
    expect([data.train.count, data.test.count, data.notes]).toEqual([
      1,
      1,
      ["Pictures without annotations, left out: 2 (y/images/test/1.jpg, y/images/test/2.jpg)."],
    ]);
  });

  it("takes texts beside pictures for what they are: captions are no boxes", async () => {
    const captions = ["1", "2"].map((name) => textFile(`cat/${name}.txt`, "A cat on a mat."));
    expect(await refusal([...captions, ...pictures("cat/", "1.jpg", "2.jpg")])).toContain(
      "Texts beside pictures that hold no lines of class, x, y, width and height: 2 (cat/1.txt, cat/2.txt).",
    );
  });

  it.each(['names: [cat, ""]', "names: {0: cat, 1: }"])("refuses an object whose class has an empty name: %s", async (yaml) => {
    const files = [label("1.txt", box(1)), label("2.txt", box(0)), ...pictures("", "1.jpg", "2.jpg"), textFile("data.yaml", yaml)];
    expect(await refusal(files)).toContain("1.txt has an object of class 1, whose name in data.yaml is empty.");
  });

  it("refuses classes without a name", async () => {
    const files = [label("1.txt", box(2)), label("2.txt", box(0)), ...pictures("", "1.jpg", "2.jpg"), textFile("classes.txt", "cat\ndog")];
    expect(await refusal(files)).toContain("1.txt has an object of class 2, but classes.txt names 2 classes, from 0 on.");
  });
});
