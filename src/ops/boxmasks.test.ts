import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { boxMasks } from "./boxmasks";
import { check, testEngine, upload } from "./check";

/** FGD's masks by slices, box after box. */
function masks64(boxes: ArrayLike<number>, slots: number, side: number, [batch, height, width]: number[]) {
  const foreground = new Float64Array(batch * height * width);
  const background = new Float64Array(foreground.length);
  for (let b = 0; b < batch; b++) {
    for (let s = 0; s < slots; s++) {
      const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => boxes[4 * (b * slots + s) + k]);
      if (x2 <= x1 || y2 <= y1) continue;
      const [left, right] = [Math.floor((x1 / side) * width), Math.ceil((x2 / side) * width)];
      const [top, bottom] = [Math.floor((y1 / side) * height), Math.ceil((y2 / side) * height)];
      for (let i = Math.max(0, top); i <= Math.min(height - 1, bottom); i++)
        for (let j = Math.max(0, left); j <= Math.min(width - 1, right); j++) {
          const at = (b * height + i) * width + j;
          foreground[at] = Math.max(foreground[at], 1 / ((bottom + 1 - top) * (right + 1 - left)));
        }
    }
    const image = [...Array(height * width).keys()].map((i) => b * height * width + i);
    const empty = image.filter((i) => foreground[i] === 0);
    for (const i of empty) background[i] = 1 / empty.length;
  }
  return [foreground, background];
}

test.each([
  { grid: [16, 16], side: 128 },
  { grid: [5, 7], side: 100 },
  { grid: [2, 2], side: 64 },
])("on a map of $grid of an image of $side", async ({ grid, side }) => {
  const boxes = [
    [10, 20, 30.5, 90, 12, 22, 20, 30, 0, 0, 0, 0],
    [0, 0, 0, 0, 40, 40, 40, 60, 0, 0, 0, 0],
    [-3, 5, 60, 61, 50, 50, 99, 63, 1, 1, 2, 2],
  ];
  await check(await testEngine(), {
    inputs: { boxes: { shape: [3, 3, 4], data: boxes.flat() } },
    op: ({ boxes }) => {
      const { foreground, background } = boxMasks(boxes, side, grid);
      return [foreground, background];
    },
    reference: ({ boxes }) => masks64(boxes, 3, side, [3, ...grid]),
  });
});

test("the background sums to 1, and an image covered by one box has none", async () => {
  const graph = new Graph(await testEngine());
  const boxes = graph.fixed(upload(graph.engine, [8, 8, 40, 24, 0, 0, 64, 64], "f32"), [2, 1, 4]);
  const { foreground, background } = await (await Program.compile(graph, { ...boxMasks(boxes, 64, [8, 8]) })).fetch();
  const sum = (v: ArrayLike<number>) => Array.from(v).reduce((a, b) => a + b, 0);
  expect(sum(background.subarray(0, 64))).toBeCloseTo(1, 6);
  expect(sum(foreground.subarray(0, 64))).toBeCloseTo(1, 6);
  expect(sum(background.subarray(64))).toBe(0);
  expect(foreground[64]).toBeCloseTo(1 / 81, 6);
});
