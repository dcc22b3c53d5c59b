/** Cells of oblong grids are found and painted in their place. */
import { expect, test } from "vitest";
import { cellAt, columnOf, type Grid, rowOf } from "./grid";
import { EDGE, paintDiverging, paintGrid, paintHeat, paintMask } from "./patches";

const OBLONG: Grid = [2, 4];

/** A canvas that only writes down what is painted. */
function recording() {
  const rects: number[][] = [];
  const borders: number[][] = [];
  const lines: number[][] = [];
  const context = {
    fillRect: (...rect: number[]) => rects.push(rect),
    rect: (...rect: number[]) => borders.push(rect),
    moveTo: (...from: number[]) => lines.push(from),
    lineTo: (...to: number[]) => lines.at(-1)?.push(...to),
    ...{ beginPath() {}, stroke() {} },
  };
  return { context: context as unknown as CanvasRenderingContext2D, rects, borders, lines };
}

test("a cell has a row and a column, and beyond the border lies the last one", () => {
  expect([rowOf(5, OBLONG), columnOf(5, OBLONG)]).toEqual([1, 1]);
  expect([cellAt(1, 1, OBLONG), cellAt(-1, 9, OBLONG), cellAt(7, 0, OBLONG)]).toEqual([5, 3, 4]);
});

test("heat fills every cell of an oblong grid, row by row, and leaves no gap", () => {
  for (const paint of [
    (context: CanvasRenderingContext2D) => paintHeat(context, new Float32Array(8), OBLONG, [0, 1]),
    (context: CanvasRenderingContext2D) => paintDiverging(context, new Float32Array(8), OBLONG, 0, 1),
  ]) {
    const { context, rects } = recording();
    paint(context);
    const [width, height] = [EDGE / 4, EDGE / 2];
    expect(rects).toEqual(Array.from({ length: 8 }, (_, i) => [(i % 4) * width, Math.floor(i / 4) * height, width, height]));
  }
});

test("a mask hatches what is not kept, and its border runs between kept and masked cells", () => {
  const { context, rects, borders, lines } = recording();
  paintMask(context, new Set([0, 1, 2, 3]), OBLONG);
  const [width, height] = [EDGE / 4, EDGE / 2];
  expect(rects).toEqual([0, 1, 2, 3].map((column) => [column * width, height, width, height]));
  // In two tones.
  const border = [0, 1, 2, 3].map((column) => [column * width, height, width, 0]);
  expect(borders).toEqual([...border, ...border]);
  expect(lines.length).toBeGreaterThan(0);
  for (const [, y1, , y2] of lines) expect(Math.min(y1, y2)).toBeGreaterThanOrEqual(height);
});

test("the lines of a grid are one fewer than its rows and its columns", () => {
  const { context, lines } = recording();
  paintGrid(context, OBLONG);
  expect(lines.filter(([x1, , x2]) => x1 === x2)).toHaveLength(3);
  expect(lines.filter(([, y1, , y2]) => y1 === y2)).toHaveLength(1);
});
