import { describe, expect, it } from "vitest";
import { byCodePoint, tidied } from "./files";
import { file } from "./files.fixture";
import { halfOf, isHalf } from "./halves";
import { classesOf, layoutOf } from "./layout";

/** "half/class" of each path, "-" for none. */
function told(...paths: string[]): string[] {
  const { labelled } = layoutOf(paths.map((path) => file(path, [0])));
  return paths.map((path) => {
    const found = labelled.find((one) => one.file.path === path);
    return found ? `${found.test ? "test" : "train"}/${found.name}` : "-";
  });
}

describe("what folders say", () => {
  it.each<[string, Record<string, string>]>([
    ["a folder per class", { "p/cat/1.png": "train/cat", "p/dog/1.png": "train/dog", "p/logo.png": "-", "readme.png": "-" }],
    ["classes one in the other", { "p/dog/1.png": "train/dog", "p/dog/puppy/1.png": "train/puppy", "p/cat/1.png": "train/cat" }],
    ["halves above classes", { "p/Training/a/1.png": "train/a", "p/Training/b/1.png": "train/b", "p/Testing/a/1.png": "test/a" }],
    ["halves inside classes", { "p/a/train/1.png": "train/a", "p/a/test/1.png": "test/a", "p/b/train/1.png": "train/b" }],
    [
      "halves within halves, and pictures to predict",
      { "p/seg_train/seg_train/a/1.png": "train/a", "p/seg_test/seg_test/b/1.png": "test/b", "p/seg_pred/seg_pred/1.png": "-" },
    ],
    ["unlabelled pictures to test", { "p/train/a/1.png": "train/a", "p/train/b/1.png": "train/b", "p/test/1.png": "-" }],
    ["the same without a folder to train on", { "p/a/1.png": "train/a", "p/b/1.png": "train/b", "p/test images/1.png": "-" }],
    ["words in longer names", { "p/my_data_train_v2/a/1.png": "train/a", "p/myTestSet/a/1.png": "test/a", "p/val2017/b/1.png": "test/b" }],
    ["a root that sounds like a half", { "test-project/train/a/1.png": "train/a", "test-project/train/b/1.png": "train/b" }],
    ["trains", { "p/train/1.png": "train/train", "p/bus/1.png": "train/bus", "p/car/1.png": "train/car" }],
    ["trains in halves", { "p/train/train/1.png": "train/train", "p/train/bus/1.png": "train/bus", "p/test/train/1.png": "-" }],
    ["classes of such names", { "p/valid/1.png": "train/valid", "p/invalid/1.png": "train/invalid" }],
    ["names that only begin so", { "p/test tube/1.png": "train/test tube", "p/beaker/1.png": "train/beaker" }],
    ["folders that only wrap", { "p/a/images/1.png": "train/a", "p/b/images/1.png": "train/b", "p/b/masks/1.png": "-" }],
    ["photographs as a class", { "p/photos/1.png": "train/photos", "p/drawings/1.png": "train/drawings" }],
    ["no classes at all", { "p/train/1.png": "-", "p/test/1.png": "-" }],
    ["a folder without a name", { "p/ /1.png": "-", "p/a/1.png": "train/a", "p/b/1.png": "train/b" }],
  ])("%s", (_, expected) => {
    expect(told(...Object.keys(expected))).toEqual(Object.values(expected));
  });

  it("numbers classes by code point, beyond the first 65,536 too", () => {
    const names = ["\u{1f600}", "\uff21", "Banana", "apple", "2", "10", "1", "é"];
    const { labelled } = layoutOf(names.map((name) => file(`p/${name}/1.png`, [0])));
    expect(classesOf(labelled)).toEqual(["1", "10", "2", "Banana", "apple", "é", "\uff21", "\u{1f600}"]);
    expect(["ab", "a", "b", ""].toSorted(byCodePoint)).toEqual(["", "a", "ab", "b"]);
  });
});

describe("words for halves", () => {
  it.each([
    ["train", "train"],
    ["Training", "train"],
    ["trainval", "train"],
    ["asl_alphabet_train", "train"],
    ["val2017", "test"],
    ["t10k", "test"],
    ["TestSet", "test"],
    ["dev", "test"],
    ["train_test_split", undefined],
    ["latest", undefined],
    ["validated", undefined],
    ["constraint", undefined],
    ["", undefined],
  ])("%s: %s", (name, half) => {
    expect(halfOf(name)).toBe(half);
  });

  it("knows folders of pictures without labels", () => {
    expect(["pred", "seg_pred", "unlabeled", "Unlabelled2017"].every(isHalf)).toBe(true);
    expect(["predator", "label"].some(isHalf)).toBe(false);
  });
});

it("tidies paths: one Unicode form, nothing empty", () => {
  expect(tidied("./a//Cafe\u0301/../1.png")).toBe("a/Caf\u00e9/1.png");
});
