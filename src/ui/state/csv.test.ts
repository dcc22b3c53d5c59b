import { expect, test } from "vitest";
import { quoted } from "./csv";

test.each([
  ["plain", "plain"],
  ['a, "b"', '"a, ""b"""'],
  ["=1+1", "'=1+1"],
  ["@x", "'@x"],
  ["-x", "'-x"],
  ["\r=1", '"\'\r=1"'],
  [-1, "-1"],
  [undefined, ""],
])("%j is the cell %s", (cell, text) => {
  expect(quoted(cell)).toBe(text);
});
