import { describe, expect, test } from "vitest";
import { fairBinomial, fairBinomialAt, incompleteBeta, logGamma, studentQuantile, studentTail, Z95 } from "./distributions";

test("ln Gamma is that of factorials and of the half", () => {
  expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 12);
  let factorial = 1;
  for (let n = 1; n <= 20; factorial *= n, n++) expect(logGamma(n)).toBeCloseTo(Math.log(factorial), 11);
});

describe("the incomplete beta function", () => {
  test.each([0.05, 0.3, 0.5, 0.9])("has its closed forms at %d", (x) => {
    expect(incompleteBeta(x, 1, 1)).toBeCloseTo(x, 13);
    expect(incompleteBeta(x, 3, 1)).toBeCloseTo(x ** 3, 13);
    expect(incompleteBeta(x, 1, 4.5)).toBeCloseTo(1 - (1 - x) ** 4.5, 13);
    expect(incompleteBeta(x, 0.5, 0.5)).toBeCloseTo((2 / Math.PI) * Math.asin(Math.sqrt(x)), 12);
  });

  test("is 0 and 1 at the ends", () => expect([incompleteBeta(0, 2, 3), incompleteBeta(1, 2, 3)]).toEqual([0, 1]));
});

test.each([1, 2, 7, 24, 60])("fair tosses, %i of them, have the sums of Pascal's triangle", (n) => {
  let row = [1];
  for (let i = 0; i < n; i++) row = [1, ...row.slice(1).map((v, j) => v + row[j]), 1];
  let sum = 0;
  for (const [k, ways] of row.entries()) {
    sum += ways;
    expect(fairBinomialAt(k, n)).toBeCloseTo(ways / 2 ** n, 12);
    expect(fairBinomial(k, n)).toBeCloseTo(sum / 2 ** n, 12);
  }
});

describe("Student's t", () => {
  test.each([0.4, 0.1, 0.025, 0.0005])("has its closed quantiles at a tail of %d", (tail) => {
    const four = 4 * tail * (1 - tail);
    expect(studentQuantile(tail, 1)).toBeCloseTo(1 / Math.tan(Math.PI * tail), 8);
    expect(studentQuantile(tail, 2)).toBeCloseTo((1 - 2 * tail) * Math.sqrt(2 / four), 9);
    const q = Math.cos(Math.acos(Math.sqrt(four)) / 3) / Math.sqrt(four);
    expect(studentQuantile(tail, 4)).toBeCloseTo(2 * Math.sqrt(q - 1), 9);
  });

  test("undoes its tail, and nears the normal", () => {
    for (const freedom of [1, 3, 9, 50]) expect(studentTail(studentQuantile(0.025, freedom), freedom)).toBeCloseTo(0.025, 13);
    expect(studentTail(0, 5)).toBe(0.5);
    expect(studentQuantile(0.025, 1e7)).toBeCloseTo(Z95, 6);
  });
});
