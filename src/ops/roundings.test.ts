import { expect, test } from "vitest";
import { compare, randoms } from "./evidence";
import { matmul64, transpose64 } from "./reference";
import { halfOf, ROUNDOFF, straying } from "./roundings";

test("f16 has eleven bits, ties go to even, and small numbers are multiples of 2^-24", () => {
  expect(halfOf(1 + ROUNDOFF)).toBe(1);
  expect(halfOf(1 + 3 * ROUNDOFF)).toBe(1 + 4 * ROUNDOFF);
  expect(halfOf(-1 - 1.1 * ROUNDOFF)).toBe(-1 - 2 * ROUNDOFF);
  expect(halfOf(65504)).toBe(65504);
  expect(halfOf(0.6 * 2 ** -24)).toBe(2 ** -24);
});

/** Two layers without an activation, each number rounded to f16 on its way, or none. */
function layers(o: { m: number; n: number; k: number }, seed: number, rounded: (v: number) => number): Float64Array {
  const { m, n, k } = o;
  const [x, w, v] = [m * k, n * k, n * k].map((count, i) => randoms(count, 3 * seed + i).map(rounded));
  return matmul64(matmul64(x, transpose64(w, n, k), m, k, n).map(rounded), v, m, n, k);
}

test.each([
  { m: 40, n: 16, k: 16 },
  { m: 60, n: 130, k: 70 },
  { m: 20, n: 500, k: 60 },
])("products of $m x $k by $k x $n and back, of rounded factors, stay within the bound and come near it", (o) => {
  const found = [1, 2, 3].map((seed) => {
    const exact = layers(o, seed, (v) => v);
    const bound = straying(4, exact);
    const rounded = layers(o, seed, halfOf);
    compare("products", rounded, exact, bound);
    return Math.max(...rounded.map((v, i) => Math.abs(v - exact[i]))) / bound;
  });
  expect(Math.max(...found)).toBeLessThan(1);
  expect(Math.max(...found)).toBeGreaterThan(0.2);
});
