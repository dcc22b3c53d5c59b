import { expect, it } from "vitest";
import { hubWord, readHubWord, readModelWord } from "./address";

it.each([
  ["hf:uoft-cs/cifar10", { name: "uoft-cs/cifar10" }],
  ["hf:mnist:100,20", { name: "mnist", rows: { train: 100, test: 20 } }],
  ["hf:a/b@refs%2Fpr%2F3", { name: "a/b", revision: "refs%2Fpr%2F3" }],
  ["hf:a/b/160px", { name: "a/b", config: "160px" }],
  [
    "hf:a/b@v1.0/c d/train,validation:2000,500,spread",
    {
      ...{ name: "a/b", revision: "v1.0", config: "c d", train: "train", test: "validation" },
      ...{ rows: { train: 2000, test: 500 }, spread: true },
    },
  ],
])("%s is read, and written the same", (word, address) => {
  expect(readHubWord(word)).toEqual(address);
  expect(hubWord(readHubWord(word))).toBe(word);
});

it("holds out a quarter as many rows as it learns from where one number is given", () => {
  expect(readHubWord("hf:a/b:1000").rows).toEqual({ train: 1000, test: 250 });
  expect(readHubWord("hf:a/b:1000,spread")).toMatchObject({ rows: { train: 1000, test: 250 }, spread: true });
});

it.each(["hf:", "hf:a/b/c/d/e", "hf:a b", "hf:../x/y", "hf:a/b:many", "hf:a/b@", "a/b", "hf:a/../b", "hf:a/.."])(
  "%s is refused, with how it is written",
  (word) => {
    expect(() => readHubWord(word)).toThrow("is no address of the Hub");
  },
);

it("a model has no rows, and data have some", () => {
  expect(readModelWord("hf:a/b@main")).toEqual({ name: "a/b", revision: "main" });
  expect(() => readModelWord("hf:a/b:100")).toThrow("is no address of a model");
  for (const word of ["hf:a/b:0,5", "hf:a/b:5,0"]) expect(() => readHubWord(word)).toThrow("asks for no rows");
});

it("a word without end is refused at once", () => {
  const before = performance.now();
  for (const word of [`hf:${"a".repeat(30_000)}!`, `hf:a/${"a".repeat(30_000)}!`])
    expect(() => readHubWord(word)).toThrow("is no address of the Hub");
  expect(performance.now() - before).toBeLessThan(500);
});
