/** A picture made on demand is the same as one made ahead, and is made once. */
import { expect, test } from "vitest";
import { Ahead } from "./batches";
import { lazily } from "./lazily";

function counted() {
  const made: number[] = [];
  return { made, make: (index: number) => [made.push(index), index][1] };
}

test("a picture is made when it is first read, and kept while there is room", () => {
  const { made, make } = counted();
  const at = lazily((index) => ({ index: make(index) }), 2 ** 27);
  expect([2, 0, 2, 0, 5, 5].map((index) => at(index).index)).toEqual([2, 0, 2, 0, 5, 5]);
  expect(made).toEqual([2, 0, 5, 5]);
});

test("a batch made ahead is taken once its step comes; any other step is made anew", () => {
  const { made, make } = counted();
  const batches = new Ahead((step) => ({ step: make(step) }));
  batches.prepare(1);
  expect([1, 7, 1, 2].map((step) => batches.take(step).step)).toEqual([1, 7, 1, 2]);
  expect(made).toEqual([1, 7, 2]);
});
