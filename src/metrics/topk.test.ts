import { describe, expect, test } from "vitest";
import { uniform } from "../engine/random";
import { topk } from "./topk";

/** Rows of logits of few values, so that many are equal, and their labels. */
function drawn(rows: number, classes: number, values: number) {
  const logits = Float32Array.from({ length: rows * classes }, (_, i) => Math.floor(values * uniform(1, 0, 0, i)));
  const labels = Array.from({ length: rows }, (_, row) => Math.floor(classes * uniform(1, 1, 0, row)));
  return { logits, labels };
}

describe("top-k", () => {
  test.each([
    { classes: 6, k: 5, values: 1000 },
    { classes: 12, k: 5, values: 4 },
    { classes: 10, k: 1, values: 3 },
    { classes: 2, k: 1, values: 2 },
  ])("of $classes classes, k = $k, is what sorting gives, ties to the lower class", ({ classes, k, values }) => {
    const { logits, labels } = drawn(200, classes, values);
    const expected = labels.map((label, row) => {
      const own = Array.from(logits.subarray(row * classes, (row + 1) * classes), (v, c) => ({ v, c }));
      own.sort((a, b) => b.v - a.v || a.c - b.c);
      return Number(own.slice(0, k).some(({ c }) => c === label));
    });
    expect([...topk(logits, labels, classes, k)]).toEqual(expected);
    expect(new Set(expected)).toEqual(new Set([0, 1]));
  });

  test("a logit that is not a number is never right, nor makes another one right", () => {
    const nan = Number.NaN;
    expect([...topk([nan, 0, 1, nan, 5, 1, nan, nan, nan], [0, 1, 2], 3, 1)]).toEqual([0, 0, 0]);
    expect([...topk([nan, 0, 1, nan, 5, 1, nan, nan, nan], [0, 1, 2], 3, 2)]).toEqual([0, 1, 0]);
  });

  test("refuses a k that makes every answer right, and rows that do not fit", () => {
    expect(() => topk(new Float32Array(10), [0, 1], 5, 5)).toThrow(/Top-5 of 5 classes/);
    expect(() => topk(new Float32Array(12), [0, 1], 6, 0)).toThrow(/k from 1 to 5/);
    expect(() => topk(new Float32Array(11), [0, 1], 6, 5)).toThrow(/11 logits/);
  });
});
