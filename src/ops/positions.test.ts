/** Positions of a smaller or larger grid against the definition of bicubic interpolation. */
import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { positionsCase } from "./cases/positions";
import { check, testEngine } from "./check";
import { resizePositions } from "./positions";
import { positions64 } from "./positions.fixture";
import { assemble } from "./tokens";

describe("resizePositions", () => {
  test.each([
    { from: 8, to: 4, width: 5 },
    { from: 8, to: 6, width: 3 },
    { from: 3, to: 7, width: 4 },
    { from: 4, to: 1, width: 2 },
    { from: 1, to: 3, width: 2 },
  ])("$from x $from to $to x $to", async ({ from, to, width }) => {
    await check(await testEngine(), positionsCase(from, to, width));
  });

  test("lines of 4 to 2: midway between two places the weights are -3/32, 19/32, 19/32, -3/32", async () => {
    const rows = [0, 1, 2, 3].flatMap(() => [1, 5, 2, 8]);
    const [left, right] = [(-3 * 1 + 19 * 1 + 19 * 5 - 3 * 2) / 32, (-3 * 5 + 19 * 2 + 19 * 8 - 3 * 8) / 32];
    await check(await testEngine(), {
      inputs: { x: { shape: [1, 17, 1], data: [9, ...rows] } },
      op: ({ x }) => resizePositions(x, 4, 2),
      reference: () => [[9, left, right, left, right]],
    });
  });

  test("a constant stays one, and the same grid is the same tensor", async () => {
    const data = new Array(1 + 64).fill(0.75);
    await check(await testEngine(), {
      inputs: { x: { shape: [1, 65, 1], data } },
      op: ({ x }) => resizePositions(x, 8, 3),
      reference: () => [new Array(10).fill(0.75)],
    });
    const graph = new Graph(await testEngine());
    const x = graph.temp([1, 65, 4]);
    expect(resizePositions(x, 8, 8)).toBe(x);
    expect(() => resizePositions(x, 4, 8)).toThrow("positions are [1,65,4] for a grid of 4 x 4");
  });

  test("tokens of a small image send their gradient through the interpolation to the positions", async () => {
    const width = 3;
    const tokens64 = (pos: Float64Array, cls: Float64Array, embedded: Float64Array) => {
      const small = positions64(pos, 4, 2, width);
      return Float64Array.from({ length: 2 * 5 * width }, (_, e) => {
        const [image, token, c] = [Math.floor(e / (5 * width)), Math.floor(e / width) % 5, e % width];
        return small[token * width + c] + (token === 0 ? cls[c] : embedded[(image * 4 + token - 1) * width + c]);
      });
    };
    await check(await testEngine(), {
      inputs: {
        pos: { shape: [1, 17, width], grad: true },
        cls: { shape: [1, 1, width], grad: true },
        embedded: { shape: [8, width], grad: true },
      },
      op: ({ pos, cls, embedded }) => assemble(embedded, resizePositions(pos, 4, 2), cls, { batch: 2, channels: 1, image: 4, patch: 2 }),
      reference: ({ pos, cls, embedded }) => [tokens64(pos, cls, embedded)],
    });
  });
});
