import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { check, testEngine } from "./check";
import { linear } from "./linear";
import { matmul64, transpose64 } from "./reference";
import { type Grid, resize } from "./resize";

/** By the definition: every output weighs every input. */
function resize64(x: ArrayLike<number>, [planes, h, w, H, W]: number[], { start, step }: Grid): Float64Array {
  const weight = (axis: 0 | 1, i: number, at: number, size: number) => {
    const source = Math.min(Math.max(start[axis] + i * step[axis], 0), size - 1);
    return Math.max(0, 1 - Math.abs(source - at));
  };
  const out = new Float64Array(planes * H * W);
  for (let o = 0; o < out.length; o++)
    for (let y = 0; y < h; y++)
      for (let z = 0; z < w; z++)
        out[o] += weight(0, Math.floor(o / W) % H, y, h) * weight(1, o % W, z, w) * x[(Math.floor(o / W / H) * h + y) * w + z];
  return out;
}

const halfPixel = (h: number, w: number, H: number, W: number): Grid => ({
  step: [h / H, w / W],
  start: [h / H / 2 - 0.5, w / W / 2 - 0.5],
});

describe("resize", () => {
  test.each([
    { shape: [2, 3, 4, 5], size: [7, 8] },
    { shape: [3, 9, 7], size: [4, 3] },
    { shape: [14, 14], size: [24, 24] },
    { shape: [2, 1, 6], size: [5, 1] },
    { shape: [1, 1], size: [3, 2] },
    { shape: [5, 8], size: [5, 8] },
  ])("$shape to $size", async ({ shape, size }) => {
    const [h, w] = shape.slice(-2);
    const [H, W] = size;
    const planes = shape.slice(0, -2).reduce((a, b) => a * b, 1);
    await check(await testEngine(), {
      inputs: { x: { shape, grad: true } },
      op: ({ x }) => resize(x, [H, W]),
      reference: ({ x }) => [resize64(x, [planes, h, w, H, W], halfPixel(h, w, H, W))],
    });
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
