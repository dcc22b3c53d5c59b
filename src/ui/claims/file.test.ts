import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CODE } from "../../tasks/claims";
import { checked } from "./file";

const FILE = { code: CODE, adapter: "any", instrument: [], claims: [], figures: [] };

test("the file that comes with the page is of this code", () => {
  const { claims, instrument } = checked(JSON.parse(readFileSync("public/claims.json", "utf8")));
  expect(instrument.length).toBeGreaterThan(0);
  for (const { id, seeds, difference } of claims) expect(seeds > 0, id).toBe(difference !== null);
});

test("claims of other code, and what is no file of claims, are refused with the reason", () => {
  expect(checked(FILE)).toBe(FILE);
  expect(() => checked({ ...FILE, code: "0.1" })).toThrow(/measured with code 0.1/);
  for (const other of [undefined, null, 3, {}, { code: CODE, claims: "many" }]) expect(() => checked(other)).toThrow(/cannot be read/);
});
