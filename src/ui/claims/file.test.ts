import { expect, test } from "vitest";
import { askedIn } from "./file";

test.each([
  ["#claims", undefined],
  ["#claims/masks%2F1", "masks/1"],
  ["#claims/%zz", "%zz"],
  ["#claims/%ed%a0%80", "%ed%a0%80"],
])("the address %s asks for %s", (hash, claim) => {
  expect(askedIn(hash)).toBe(claim);
});
