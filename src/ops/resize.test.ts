import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { halfPixel, resize64, resizeCase } from "./cases/resize";
import { check, testEngine } from "./check";
import { linear } from "./linear";
import { matmul64, transpose64 } from "./reference";
import { type Grid, resize } from "./resize";

describe("resize", () => {
  test.each([
    { shape: [2, 3, 4, 5], size: [7, 8] },
    { shape: [3, 9, 7], size: [4, 3] },
    { shape: [14, 14], size: [24, 24] },
    { shape: [2, 1, 6], size: [5, 1] },
    { shape: [1, 1], size: [3, 2] },
    { shape: [5, 8], size: [5, 8] },
  ])("$shape to $size", async ({ shape, size }) => {
    await check(await testEngine(), resizeCase(shape, size as [number, number]));
  });

  test.each<{ name: string; grid: Grid }>([
    { name: "a crop", grid: { start: [1.25, 0.5], step: [0.3, 0.45] } },
    { name: "a window that hangs over the border", grid: { start: [-3, -1.5], step: [1.7, 2.1] } },
    { name: "aligned corners", grid: { start: [0, 0], step: [4 / 5, 3 / 6] } },
  ])("$name", async ({ grid }) => {
    await check(await testEngine(), {
      inputs: { x: { shape: [2, 5, 4], grad: true } },
      op: ({ x }) => resize(x, [6, 7], grid),
      reference: ({ x }) => [resize64(x, [2, 5, 4, 6, 7], grid)],
    });
  });

  test.each([
    { what: "2 to 4", data: [3, 7], W: 4, expected: [3, 4, 6, 7] },
    { what: "2 to 3", data: [3, 7], W: 3, expected: [3, 5, 7] },
    { what: "a constant", data: [2.5, 2.5, 2.5], W: 7, expected: Array(7).fill(2.5) },
    // Of the values 0, 1, 2, ... a resize shows the coordinates it reads.
    { what: "14 to 24", data: [...Array(14).keys()], W: 24, expected: [0, 0.375, 23 / 24, 37 / 24] },
  ])("known values: $what", async ({ data, W, expected }) => {
    const firsts = (out: ArrayLike<number>) => Array.from({ length: expected.length }, (_, i) => out[i]);
    const n = data.length;
    const all = resize64(data, [1, 1, n, 1, W], halfPixel(1, n, 1, W));
    for (const [i, v] of expected.entries()) expect(firsts(all)[i]).toBeCloseTo(v, 12);
    await check(await testEngine(), { inputs: { x: { shape: [1, n], data } }, op: ({ x }) => resize(x, [1, W]), reference: () => [all] });
  });

  test("twice: the second gradient passes through the first", async () => {
    await check(await testEngine(), {
      inputs: { x: { shape: [3, 3], grad: true } },
      op: ({ x }) => resize(resize(x, [5, 4]), [2, 3]),
      reference: ({ x }) => [resize64(resize64(x, [1, 3, 3, 5, 4], halfPixel(3, 3, 5, 4)), [1, 5, 4, 2, 3], halfPixel(5, 4, 2, 3))],
    });
  });

  test("of one input at two places: the gradients add up", async () => {
    const crop: Grid = { start: [0.5, 0], step: [1, 0.5] };
    await check(await testEngine(), {
      inputs: { x: { shape: [2, 3, 3], grad: true }, w: { shape: [2, 4] } },
      op: ({ x, w }) => linear(resize(x, [2, 4]), w, { residual: linear(resize(x, [2, 4], crop), w) }),
      reference: ({ x, w }) => {
        const whole = resize64(x, [2, 3, 3, 2, 4], halfPixel(3, 3, 2, 4));
        const part = resize64(x, [2, 3, 3, 2, 4], crop);
        const both = whole.map((v, i) => v + part[i]);
        return [matmul64(both, transpose64(w, 2, 4), 4, 4, 2)];
      },
    });
  });

  test("refuses empty sizes, missing axes and standing steps", async () => {
    const graph = new Graph(await testEngine());
    expect(() => resize(graph.temp([4]), [2, 2])).toThrow("cannot resize [4]");
    expect(() => resize(graph.temp([4, 4]), [0, 2])).toThrow("to [0,2]");
    expect(() => resize(graph.temp([4, 4]), [1, 2], { start: [0, 0], step: [0, 1] })).toThrow("not positive");
  });
});
