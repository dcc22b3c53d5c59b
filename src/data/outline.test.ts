import { describe, expect, it } from "vitest";
import { boxOfOutline, enclosing } from "./outline";

/** A picture's columns, top to bottom, as "." and "#", to runs of each in turns. */
function runs(...columns: string[]): { counts: number[]; size: number[] } {
  const pixels = columns.join("");
  const counts = [...pixels.matchAll(/\.+|#+/g)].map(([run]) => run.length);
  return { counts: pixels.startsWith("#") ? [0, ...counts] : counts, size: [columns[0].length, columns.length] };
}

describe("the box around an outline", () => {
  it.each<[string, unknown, number[] | undefined]>([
    ["a polygon", [[3, 4, 9, 5, 6, 8.5]], [3, 4, 9, 8.5]],
    [
      "two",
      [
        [3, 4, 5, 4, 4, 6],
        [7, 1, 9, 1, 8, 2],
      ],
      [3, 1, 9, 6],
    ],
    ["a polygon of two points, and one of none", [[1, 2, 3, 4], []], undefined],
    ["nothing", [], undefined],
    ["no outline", undefined, undefined],
    ["words", "everywhere", undefined],
    ["runs", runs("....", ".##.", ".#..", "...."), [1, 1, 3, 3]],
    ["runs from the first pixel on", runs("##..", "...."), [0, 0, 1, 2]],
    ["a run over several columns", runs("...#", "####", "#..."), [0, 0, 3, 4]],
    ["runs of nothing", runs("...."), undefined],
    ["runs without a height", { counts: [1, 2], size: [] }, undefined],
    // cocoapi's own packing of the runs 5, 2, 2, 1, 40, 6 in a picture 7 high.
    ["packed runs", { counts: packed([5, 2, 2, 1, 40, 6]), size: [7, 8] }, [0, 1, 8, 7]],
    ["packed runs of one column", { counts: packed([8, 3, 45]), size: [7, 8] }, [1, 1, 2, 4]],
  ])("%s", (_, outline, box) => {
    expect(boxOfOutline(outline)).toEqual(box);
  });

  it("holds for more points than a function takes arguments", () => {
    expect(enclosing(Float64Array.from({ length: 400_000 }, (_, i) => i))).toEqual([0, 1, 399_998, 399_999]);
  });
});

/** rleToString of cocoapi's maskApi.c. */
function packed(counts: number[]): string {
  return counts
    .map((count, i) => {
      let value = i > 2 ? count - counts[i - 2] : count;
      let letters = "";
      for (let more = true; more; ) {
        const bits = value & 31;
        value >>= 5;
        more = bits & 16 ? value !== -1 : value !== 0;
        letters += String.fromCharCode((more ? bits | 32 : bits) + 48);
      }
      return letters;
    })
    .join("");
}
