/** Neighbours and the linear probe on features whose classes are known. */
import { describe, expect, test } from "vitest";
import { uniform } from "../engine/random";
import { type Labelled, nearest } from "./knn";
import { linearProbe } from "./probe";

const rows = (points: number[][], labels: number[]): Labelled => ({
  features: Float32Array.from(points.flat()),
  labels,
  width: points[0].length,
});

/** Points around one middle for each class; the classes differ in the direction alone. */
function clouds(count: number, from: number, noise: number): Labelled {
  const points = Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * (i % 3)) / 3;
    const stray = (j: number) => noise * (uniform(1, 0, from + i, j) - 0.5);
    return [Math.cos(angle) + stray(0), Math.sin(angle) + stray(1), 0.2];
  });
  return rows(
    points,
    points.map((_, i) => i % 3),
  );
}

const share = (found: Uint32Array, { labels }: Labelled) => found.filter((c, i) => c === labels[i]).length / found.length;

describe("nearest", () => {
  const bank = rows(
    [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0.6, 0.8],
    ],
    [0, 1, 2, 1],
  );

  test("goes by direction, not by distance", () => {
    const queries = rows(
      [
        [9, 0.1],
        [0, 0.001],
        [-3, -1],
      ],
      [0, 0, 0],
    );
    expect([...nearest(bank, queries, 3, 1)]).toEqual([0, 1, 2]);
  });

  test("votes count exp(cosine / 0.07): one close neighbour outweighs two far ones, two near ones outweigh one", () => {
    // Cosines of the query (1, 0): 1 to class 0; 0.6 and 0 to class 1.
    expect([...nearest(bank, rows([[1, 0]], [0]), 3, 3)]).toEqual([0]);
    const close = rows(
      [
        [1, 0],
        [0.9995, 0.0316],
        [0.9995, -0.0316],
      ],
      [0, 1, 1],
    );
    expect([...nearest(close, rows([[1, 0]], [0]), 2, 3)]).toEqual([1]);
    expect([...nearest(close, rows([[1, 0]], [0]), 2, 1)]).toEqual([0]);
  });

  test("a bank smaller than the number of neighbours, and features that are all zero", () => {
    expect([...nearest(bank, rows([[0, 1]], [0]), 3)]).toEqual([1]);
    expect([...nearest(bank, rows([[0, 0]], [0]), 3, 1)]).toEqual([0]);
  });
});

test("both tell apart clouds that lie apart, and hardly those that do not", () => {
  const [bank, queries] = [clouds(300, 0, 0.5), clouds(90, 1000, 0.5)];
  expect(share(nearest(bank, queries, 3), queries)).toBe(1);
  expect(share(linearProbe(bank, queries, 3), queries)).toBe(1);
  const [fog, asked] = [clouds(300, 0, 60), clouds(300, 1000, 60)];
  expect(share(nearest(fog, asked, 3), asked)).toBeLessThan(0.5);
  expect(share(linearProbe(fog, asked, 3), asked)).toBeLessThan(0.5);
});

test("the probe does not mind features of other scales, constant ones or a shift", () => {
  const [bank, queries] = [clouds(300, 0, 1), clouds(90, 1000, 1)];
  const moved = (of: Labelled) => ({ ...of, features: of.features.map((v, i) => [1000, 0.001, 1][i % 3] * v + 7) });
  expect(share(linearProbe(moved(bank), moved(queries), 3), queries)).toBeGreaterThan(0.95);
});
