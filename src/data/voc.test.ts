import { describe, expect, it } from "vitest";
import { all, open, pictures, refusal, vocText } from "./boxes.fixture";
import { textFile } from "./files.fixture";

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
      textFile("v/Annotations/a.xml", vocText("a.jpg", [["cat", 10, 4, 30, 12], person])),
      textFile(
        "v/Annotations/b.xml",
        vocText("another name.jpg", [
          ["dog 10", 0, 0, 40, 20],
          ["dog 9", 0, 0, 4, 4],
        ]),
      ),
      textFile("v/Annotations/c.xml", vocText("c.jpg", [["cat", 0, 0, 4, 4]], "<width>0</width>")),
      textFile("v/Annotations/d.xml", vocText("d.jpg", [])),
      ...pictures("v/JPEGImages/", "a.jpg", "b.jpg", "c.jpg", "d.jpg"),
      ...lists,
    ]);
    expect(data).toMatchObject({ name: "v (yours)", classes: ["cat", "dog 10", "dog 9", "person"] });
    expect(data.supercategories).toEqual(data.classes);
    expect(all(data.train)).toEqual([
      [
        { category: 0, box: [5, 7, 15, 11] },
        { category: 3, box: [1, 6, 3, 8], difficult: true },
      ],
      [
        { category: 1, box: [0, 5, 20, 15] },
        { category: 2, box: [0, 5, 2, 7] },
      ],
    ]);
    expect(all(data.test)).toEqual([[{ category: 0, box: [0, 5, 2, 7] }]]);
    expect(data.notes).toEqual(["Pictures that no list names, left out: 1 (v/JPEGImages/d.jpg)."]);
  });

  it("leaves out objects without name, box or area, and says which", async () => {
    const data = await open([
      textFile(
        "a.xml",
        vocText("a.jpg", [
          ["cat", 10, 4, 10, 12],
          ["", 1, 1, 2, 2],
          ["cat", 1, "x", 2, 2],
          "<object><name>cat</name></object>",
          ["cat", 1, 1, 9, 9],
        ]),
      ),
      textFile("b.xml", vocText("b.jpg", [["cat", 1, 1, 9, 9]])),
      textFile("gone.xml", vocText("gone.jpg", [["cat", 1, 1, 9, 9]])),
      ...pictures("", "a.jpg", "b.jpg"),
    ]);
    expect(data.notes.toSorted()).toEqual([
      "Boxes without area, left out: 1 (a.xml object 1).",
      "Objects without a name or without a box of four numbers, left out: 3 (a.xml object 2, a.xml object 3, a.xml object 4).",
      "Pictures whose files are missing, left out: 1 (gone.jpg in gone.xml).",
    ]);
  });

  it("leaves out files that are no XML, and reads those with a lone &", async () => {
    const good = ["a & b", "c"].map((name) => textFile(`${name}.xml`, vocText(`${name}.jpg`, [["salt & pepper", 1, 1, 9, 9]])));
    const data = await open([...good, textFile("zero.xml", ""), ...pictures("", "a & b.jpg", "c.jpg", "zero.jpg")]);
    expect(data.classes).toEqual(["salt & pepper"]);
    expect([data.train.count + data.test.count, data.notes]).toEqual([
      2,
      [
        "Files that could not be read, left out: 1 (zero.xml, line 1: XML has one element around everything).",
        "Pictures without annotations, left out: 1 (zero.jpg).",
      ],
    ]);
  });

  it("refuses broken and foreign XML, naming file and line", async () => {
    expect(await refusal([textFile("a.xml", "<annotation>\n<object>\n</annotation>"), ...pictures("", "a.jpg")])).toContain(
      "a.xml, line 3: </annotation> closes <object>).",
    );
    expect(await refusal([textFile("cvat.xml", "<annotations></annotations>"), ...pictures("", "a.jpg")])).toContain(
      "cvat.xml holds no Pascal VOC annotation",
    );
  });
});
