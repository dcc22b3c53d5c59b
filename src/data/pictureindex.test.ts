import { describe, expect, it } from "vitest";
import type { AnnotatedPicture } from "./annotated";
import { file } from "./files.fixture";
import { PictureIndex } from "./pictureindex";

const said = (name: string, where = "a.json", test?: boolean): AnnotatedPicture => ({ names: [name], file: where, test, objects: [] });

describe("the file of a picture", () => {
  const find = (paths: string[], ...one: Parameters<typeof said>) =>
    new PictureIndex(paths.map((path) => file(path, [0]))).partner(said(...one))?.path;

  it.each<[string, string[], Parameters<typeof said>, string | undefined]>([
    ["by its name alone", ["x/1.png", "x/2.png"], ["1.png"], "x/1.png"],
    ["without an ending", ["x/1.png", "x/1.v2.png"], ["1.v2"], "x/1.v2.png"],
    ["of another ending: none", ["x/1.png"], ["1.jpg"], undefined],
    ["by its folders", ["x/a/1.png", "x/b/1.png"], ["C:\\data\\b\\1.png"], "x/b/1.png"],
    ["by its half", ["x/train/1.png", "x/val/1.png"], ["1.png", "x/a.json", true], "x/val/1.png"],
    [
      "by the half of what says so",
      ["x/train/images/1.png", "x/valid/images/1.png"],
      ["1", "x/valid/labels/1.txt"],
      "x/valid/images/1.png",
    ],
    ["near what says so", ["x/1.png", "y/1.png"], ["1.png", "y/a.json"], "y/1.png"],
    ["in another case", ["x/c0.png"], ["C0.PNG"], "x/c0.png"],
    ["in its own case, if there is one", ["x/C0.png", "x/c0.png"], ["c0.png"], "x/c0.png"],
    ["written as in an address", ["x/my pet & co.png"], ["my%20pet%20%26%20co.png"], "x/my pet & co.png"],
    ["the other way round", ["x/my%20pet.png"], ["my pet.png"], "x/my%20pet.png"],
    ["with a % that means nothing", ["x/100%.png"], ["100%.PNG"], "x/100%.png"],
    ["in another Unicode form", ["x/caf\u00e9.png"], ["cafe\u0301.png"], "x/caf\u00e9.png"],
  ])("%s", (_, paths, one, path) => {
    expect(find(paths, ...one)).toBe(path);
  });

  it("is found among 8,000 of its name, whether names tell folders or only lie near", () => {
    const folders = Array.from({ length: 8000 }, (_, i) => `s/f${i}`);
    const index = new PictureIndex(folders.map((folder) => file(`${folder}/images/1.png`, [0])));
    for (const folder of folders) {
      expect(index.partner(said(`${folder}/images/1.png`))?.path).toBe(`${folder}/images/1.png`);
      expect(index.partner(said("1", `${folder}/labels/1.txt`))?.path).toBe(`${folder}/images/1.png`);
    }
  });
});
