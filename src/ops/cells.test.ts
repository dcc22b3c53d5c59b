import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { placeTokens, shuffle, weigh } from "./cells";
import { check, randoms, testEngine } from "./check";
import { add } from "./maps";

/** Fixed positions of cell (y, x): a quarter of the channels each for sin y, cos y, sin x, cos x. */
function position64(y: number, x: number, c: number, cols: number): number {
  const quarter = Math.max(1, Math.floor(cols / 4));
  const angle = (c < 2 * quarter ? y : x) * 10000 ** (-(c % quarter) / quarter);
  return [Math.sin, Math.cos, Math.sin, Math.cos, () => 0][Math.min(4, Math.floor(c / quarter))](angle);
}

test.each([
  { shape: [2, 3, 3, 8], grid: 3 },
  { shape: [1, 2, 4, 6], grid: 4 },
  { shape: [3, 4, 4, 3], grid: 2 },
])("tokens of $shape where a mask of $grid x $grid erases", async ({ shape, grid }) => {
  const [batch, h, w, cols] = shape;
  const data = randoms(batch * grid * grid, 8).map((v) => Number(v > 0));
  const seen = (b: number, y: number, x: number) => data[(b * grid + Math.floor((y * grid) / h)) * grid + Math.floor((x * grid) / w)];
  await check(await testEngine(), {
    inputs: { x: { shape, grad: true }, token: { shape: [cols], grad: true }, mask: { shape: [batch, grid, grid], data } },
    op: ({ x, token, mask }) => add(placeTokens(x, mask, token), x),
    reference: ({ x, token }) => [
      x.map((v, i) => {
        const [c, column, row, b] = [i % cols, Math.floor(i / cols) % w, Math.floor(i / cols / w) % h, Math.floor(i / cols / w / h)];
        return v + (seen(b, row, column) ? v : token[c]) + position64(row, column, c, cols);
      }),
    ],
    tolerance: 2e-5,
  });
});

test("the token a, b, c, d becomes the pixels a b over c d", async () => {
  await check(await testEngine(), {
    inputs: { x: { shape: [1, 1, 2, 4], data: [1, 2, 3, 4, 5, 6, 7, 8], grad: true } },
    op: ({ x }) => shuffle(x, 2),
    reference: ({ x }) => [[0, 1, 4, 5, 2, 3, 6, 7].map((i) => x[i])],
  });
});

test.each([
  { shape: [2, 3, 2, 12], side: 2 },
  { shape: [1, 2, 3, 45], side: 3 },
  { shape: [2, 2, 2, 5], side: 1 },
])("tokens $shape spread out to blocks of $side", async ({ shape: [batch, h, w, all], side }) => {
  const cols = all / side ** 2;
  await check(await testEngine(), {
    inputs: { x: { shape: [batch, h, w, all], grad: true } },
    op: ({ x }) => shuffle(add(x, x), side),
    reference: ({ x }) => [
      Float64Array.from(x, (_, i) => {
        const [c, column, line] = [i % cols, Math.floor(i / cols) % (w * side), Math.floor(i / cols / w / side)];
        const cell = Math.floor(line / side) * w + Math.floor(column / side);
        return 2 * x[cell * all + ((line % side) * side + (column % side)) * cols + c];
      }),
    ],
  });
});

test.each(["visible", "erased"] as const)("weights of %s cells average 1 in each image, or are all zero", async (cells) => {
  const data = [1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
  const own = (m: number) => (cells === "visible" ? m : 1 - m);
  await check(await testEngine(), {
    inputs: { mask: { shape: [3, 2, 3], data } },
    op: ({ mask }) => weigh(mask, cells),
    reference: ({ mask }) => [
      mask.map((m, i) => {
        const image = [...mask.slice(6 * Math.floor(i / 6), 6 * Math.floor(i / 6) + 6)].map(own);
        return (
          (own(m) * 6) /
          Math.max(
            1e-9,
            image.reduce((a, b) => a + b),
          )
        );
      }),
    ],
  });
});

test("what does not fit is refused", async () => {
  const graph = new Graph(await testEngine());
  const x = graph.temp([1, 2, 2, 6]);
  expect(() => shuffle(x, 2)).toThrow("no blocks of 2 x 2");
  expect(() => placeTokens(x, graph.temp([1, 2, 2]), graph.temp([5]))).toThrow("the token is [5]");
});
