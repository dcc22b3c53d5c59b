import { expect, test } from "vitest";
import { EngineError } from "./errors";

test("a message is as long as a person reads, however long the names in it", () => {
  const { what, remedy, message } = new EngineError(`There is no ${"x".repeat(1e6)}.`, "y".repeat(1e6));
  expect(what).toMatch(/^There is no x{1900,2000} \.\.\.$/);
  expect(remedy).toMatch(/^y{2000} \.\.\.$/);
  expect(message).toBe(`${what} ${remedy}`);
  const short = new EngineError("It is wrong.", "Correct it.");
  expect([short.what, short.remedy, short.message]).toEqual(["It is wrong.", "Correct it.", "It is wrong. Correct it."]);
});
