import { expect, it } from "vitest";
import { squared, squaredRgba } from "./square";

/** The mean of [start, end) of a row, counting pixels by the part that lies within; written for one row. */
function meanOf(row: number[], start: number, end: number): number {
  const parts = row.map((value, i) => value * Math.max(0, Math.min(end, i + 1) - Math.max(start, i)));
  return parts.reduce((sum, part) => sum + part, 0) / (end - start);
}

it("copies what has the size already", () => {
  const planes = Uint8Array.from([1, 2, 3, 4]);
  const out = squared(planes, 1, 2, 2, 2);
  expect(out).toEqual(planes);
  expect(out.buffer).not.toBe(planes.buffer);
});

it("averages whole blocks", () => {
  expect(
    squared(
      Uint8Array.from({ length: 16 }, (_, i) => i * 10),
      1,
      4,
      4,
      2,
    ),
  ).toEqual(Uint8Array.from([25, 45, 105, 125]));
});

it("averages areas at a ratio that is no whole number, in every channel", () => {
  const row = [0, 200, 40, 250, 90, 10, 130];
  const planes = Uint8Array.from([1, 2].flatMap((plane) => Array.from({ length: 7 }, () => row.map((v) => v / plane)).flat()));
  const out = squared(planes, 2, 7, 7, 3);
  for (const plane of [0, 1]) {
    for (let x = 0; x < 3; x++) {
      const expected = meanOf(row, (x * 7) / 3, ((x + 1) * 7) / 3) / (plane + 1);
      for (let y = 0; y < 3; y++) expect(Math.abs(out[plane * 9 + y * 3 + x] - expected)).toBeLessThanOrEqual(0.5001);
    }
  }
});

it("interpolates when it enlarges, and keeps the edges", () => {
  expect([...squared(Uint8Array.from([0, 100, 0, 100]), 1, 2, 2, 4).subarray(0, 4)]).toEqual([0, 25, 75, 100]);
});

it("enlarges a single pixel to a flat picture", () => {
  expect([...squared(Uint8Array.from([77]), 1, 1, 1, 3)]).toEqual(Array(9).fill(77));
});

it("cuts out the middle", () => {
  expect([...squared(Uint8Array.from([9, 1, 2, 9, 9, 3, 4, 9]), 1, 2, 4, 2)]).toEqual([1, 2, 3, 4]);
  expect([...squared(Uint8Array.from([9, 9, 1, 2, 3, 4, 9, 9]), 1, 4, 2, 2)]).toEqual([1, 2, 3, 4]);
});

it("lays transparent pixels over white, and keeps the middle of a wide picture", () => {
  const rgba = Uint8Array.from(
    [
      [8, 8, 8, 255],
      [10, 20, 30, 255],
      [0, 0, 0, 0],
    ].flat(),
  );
  expect([...squaredRgba(rgba, 3, 1, 1)]).toEqual([10, 20, 30]);
  expect([...squaredRgba(rgba.subarray(8), 1, 1, 1)]).toEqual([255, 255, 255]);
});
