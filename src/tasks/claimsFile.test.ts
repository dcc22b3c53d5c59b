import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { EngineError } from "../engine/errors";
import { CODE } from "./claims";
import { claimsIn } from "./claimsFile";

const FILE = { code: CODE, adapter: "any", instrument: [], claims: [], figures: [] };
const page = () => JSON.parse(readFileSync("public/claims.json", "utf8"));

test("the file that comes with the page is of this code", () => {
  const { claims, instrument } = claimsIn(page());
  expect(instrument.length).toBeGreaterThan(0);
  for (const { id, seeds, difference } of claims) expect(seeds > 0, id).toBe(difference !== null);
});

test("claims of other code, and what is no file of claims, are refused with the reason", () => {
  expect(claimsIn(FILE)).toBe(FILE);
  expect(() => claimsIn({ ...FILE, code: "0.1" })).toThrow(/measured with code 0.1.*Run npm run claims again/);
  for (const other of [undefined, null, 3, {}, { code: CODE, claims: "many" }, { ...FILE, code: {} }])
    expect(() => claimsIn(other)).toThrow(/cannot be read/);
});

test.each(["claims", "instrument", "figures"])("a value of another type anywhere in its %s is refused", (part) => {
  const spoil = (row: Record<string, unknown>, key: string) => {
    const file = page();
    file[part][0] = { ...row, [key]: { toString: 1 } };
    return file;
  };
  const [row] = page()[part];
  for (const key of Object.keys(row)) {
    expect(() => claimsIn(spoil(row, key)), key).toThrow(EngineError);
    expect(() => claimsIn(spoil(row, key)), key).toThrow(/a part of it is not what/);
  }
  for (const bad of [null, 3, "x", []]) expect(() => claimsIn({ ...page(), [part]: [bad] })).toThrow(/a part of it/);
});
