import { expect, test } from "vitest";
import { otherNames, sameNames } from "./names";

test("names with commas in them are not the names between commas", () => {
  expect([sameNames(["a,b"], ["a", "b"]), sameNames(["a", "b"], ["a", "b"]), sameNames(["b", "a"], ["a", "b"])]).toEqual([
    false,
    true,
    false,
  ]);
});

test("a name is the same in both forms of Unicode, and no difference that is told", () => {
  const [composed, apart] = ["caf\u00e9", "cafe\u0301"];
  expect([sameNames([apart, "tea"], [composed, "tea"]), sameNames([apart], ["cafe"])]).toEqual([true, false]);
  expect(otherNames([apart, "tea"], [composed, "mate"])).toMatch(/: only it knows tea, and it does not know mate$/);
});

test("what only one side knows is told, or that the order is another", () => {
  expect(otherNames(["b", "a"], ["a", "b"])).toBe("knows the classes b, a; this data has a, b: they are in another order");
  expect(otherNames(["a", "c"], ["a", "b"])).toBe("knows the classes a, c; this data has a, b: only it knows c, and it does not know b");
  expect(otherNames(["a", "b", "c", "d"], ["a"])).toBe("knows the classes a, b, c, ... (4 in all); this data has a: only it knows b, c, d");
});
