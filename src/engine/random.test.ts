import { describe, expect, it } from "vitest";
import { mulhi, normal, philox4x32, uniform } from "./random";

describe("Philox-4x32-10", () => {
  it("gives Random123's known answers", () => {
    expect(philox4x32(0, 0, 0, 0, 0, 0)).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const ones = 0xffffffff;
    expect(philox4x32(ones, ones, ones, ones, ones, ones)).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
    const pi = philox4x32(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0);
    expect(pi).toEqual([0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]);
  });

  it("multiplies to the upper word as BigInt does", () => {
    const values = [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0xd2511f53, 0xcd9e8d57];
    for (const a of values) for (const b of values) expect(mulhi(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
  });
});

describe("uniform", () => {
  it("has 24 bits, so an f32 holds it exactly", () => {
    for (let i = 0; i < 1000; i++) {
      const u = uniform(1, 2, 3, i);
      expect(Math.fround(u)).toBe(u);
      expect(Number.isInteger(u * 2 ** 24) && u >= 0 && u < 1).toBe(true);
    }
  });

  it("is the first word of the block [index, step, stream, 0] under the key [seed, 0]", () => {
    expect(uniform(0, 0, 0, 0)).toBe((0x6627e8d5 >>> 8) / 2 ** 24);
    expect(uniform(9, 8, 7, 6)).toBe((philox4x32(6, 7, 8, 0, 9, 0)[0] >>> 8) / 2 ** 24);
  });

  it("depends on every argument and takes negative ones modulo 2^32", () => {
    const draws = [uniform(1, 2, 3, 4), uniform(0, 2, 3, 4), uniform(1, 0, 3, 4), uniform(1, 2, 0, 4), uniform(1, 2, 3, 0)];
    expect(new Set(draws).size).toBe(5);
    expect(uniform(-1, -2, 3, 4)).toBe(uniform(0xffffffff, 0xfffffffe, 3, 4));
  });

  it("is flat: mean, variance and a chi-square over 64 bins", () => {
    const n = 64_000;
    const draws = Array.from({ length: n }, (_, i) => uniform(42, 0, 0, i));
    expect(mean(draws)).toBeCloseTo(0.5, 2);
    expect(mean(draws.map((u) => (u - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
    const bins = new Array<number>(64).fill(0);
    for (const u of draws) bins[Math.floor(u * 64)]++;
    const chi = bins.reduce((sum, count) => sum + (count - n / 64) ** 2 / (n / 64), 0);
    // 63 degrees of freedom: 99.9 % of fair generators stay below 104.
    expect(chi).toBeLessThan(104);
  });
});

describe("normal", () => {
  it("has mean 0, variance 1, kurtosis 3 and no dependence on the uniform of equal arguments", () => {
    const n = 50_000;
    const draws = Array.from({ length: n }, (_, i) => normal(7, 1, 2, i));
    expect(Math.abs(mean(draws))).toBeLessThan(0.02);
    expect(mean(draws.map((z) => z * z))).toBeCloseTo(1, 1);
    expect(mean(draws.map((z) => z ** 4))).toBeCloseTo(3, 0);
    expect(Math.abs(mean(draws.map((z, i) => z * (uniform(7, 1, 2, i) - 0.5))))).toBeLessThan(0.01);
    expect(draws.every(Number.isFinite)).toBe(true);
  });
});

function mean(values: number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
