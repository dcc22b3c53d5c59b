/** Mean IoU against answers counted by hand. */
import { describe, expect, test } from "vitest";
import { Confusion } from "./miou";

const scoresOf = (classes: number, predicted: number[], truth: number[]) => {
  const confusion = new Confusion(classes);
  confusion.add(predicted, truth);
  return confusion.scores();
};

describe("mean IoU", () => {
  test("of eight pixels and three classes", () => {
    const { miou, perClass, pixelAccuracy } = scoresOf(3, [0, 0, 1, 1, 2, 2, 0, 1], [0, 0, 0, 1, 2, 1, 2, 1]);
    // Class 0: 2 right, 1 missed, 1 too many; class 1: 2, 1, 1; class 2: 1, 1, 1.
    expect(perClass).toEqual([2 / 4, 2 / 4, 1 / 3]);
    expect(miou).toBeCloseTo((1 / 2 + 1 / 2 + 1 / 3) / 3, 15);
    expect(pixelAccuracy).toBe(5 / 8);
  });

  test("skips a class that neither truth nor prediction shows, and counts one that either shows", () => {
    const absent = scoresOf(4, [0, 1, 1], [0, 1, 0]);
    expect(absent.perClass).toEqual([1 / 2, 1 / 2, Number.NaN, Number.NaN]);
    expect(absent.miou).toBe(1 / 2);
    expect(scoresOf(4, [0, 3, 1], [0, 1, 1]).perClass).toEqual([1, 1 / 2, Number.NaN, 0]);
    expect(scoresOf(4, [0, 3, 1], [0, 1, 1]).miou).toBe(1 / 2);
    expect(scoresOf(3, [0, 0], [0, 2]).miou).toBe((1 / 2 + 0) / 2);
  });

  test("does not see ignored pixels, whatever was predicted there", () => {
    const { miou, pixelAccuracy } = scoresOf(2, [0, 1, 1, 0], [0, 1, 255, 255]);
    expect([miou, pixelAccuracy]).toEqual([1, 1]);
    expect(scoresOf(2, [0, 1], [255, 255]).miou).toBeNaN();
    expect(scoresOf(2, [0, 1], [255, 255]).pixelAccuracy).toBeNaN();
  });

  test("is of all images together, not their mean", () => {
    const confusion = new Confusion(2);
    confusion.add([1, 1, 1, 1], [1, 1, 1, 1]);
    confusion.add([0, 1], [1, 1]);
    expect([...confusion.counts]).toEqual([0, 0, 1, 5]);
    expect(confusion.scores().perClass).toEqual([0, 5 / 6]);
  });

  test("is 1 for a perfect answer and 0 for one that is never right", () => {
    expect(scoresOf(3, [2, 0, 1], [2, 0, 1]).miou).toBe(1);
    expect(scoresOf(2, [1, 0], [0, 1]).miou).toBe(0);
  });

  test("refuses predictions that are no class, or not one per pixel", () => {
    expect(() => scoresOf(2, [2], [1])).toThrow("2 is none of 2 classes");
    expect(() => scoresOf(2, [0, 1], [1])).toThrow("2 predictions for 1 labels");
  });
});
