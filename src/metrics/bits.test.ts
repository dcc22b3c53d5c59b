import { expect, test } from "vitest";
import { areBits, packBits, unpackBits } from "./bits";

test("bits are read back as they were, of any number", () => {
  for (const count of [1, 8, 13, 2000]) {
    const bits = Uint8Array.from({ length: count }, (_, i) => Number((i * i) % 7 < 3));
    expect(unpackBits(packBits(bits), count)).toEqual(bits);
  }
  expect(packBits([1, 0, 0, 0, 0, 0, 0, 0, 1])).toBe(btoa("\u0001\u0001"));
  expect(() => unpackBits(packBits([1, 0, 1]), 9)).toThrow(/not the answers to 9 images/);
  expect(() => unpackBits("%%%", 9)).toThrow(/not the answers to 9 images/);
  expect([areBits(packBits([1, 0, 1]), 3), areBits(packBits([1, 0, 1]), 9), areBits("%%%", 3)]).toEqual([true, false, false]);
});
