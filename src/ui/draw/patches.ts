/** Pictures and what lies over them (dimmed patches, heat, grid, cursor), on square 2D canvases. */
import { colour, diverging } from "./colormap";
import { columnOf, type Grid, rowOf } from "./grid";

/** Pixels along a canvas's edge; a multiple of the usual image sides, so that pixels stay square. */
export const EDGE = 256;

/** A picture of rows x columns pixels, from the value 0..255 of each pixel and channel; in grey where colour is to mean something else. */
export function bake(
  [rows, columns]: readonly [number, number],
  value: (pixel: number, channel: number) => number,
  grey = false,
): HTMLCanvasElement {
  const pixels = new ImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) {
    const rgb = [0, 1, 2].map((c) => value(i, c));
    const luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = grey ? luma : rgb[c];
    pixels.data[4 * i + 3] = 255;
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}

/** The picture over the whole canvas. */
export function paintPicture(context: CanvasRenderingContext2D, picture: HTMLCanvasElement): void {
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 0, 0, EDGE, EDGE);
}

/** Hidden patches: a grey and strokes on it that look alike in light, in dark and on any picture. */
const HIDDEN = "rgb(104 106 112 / 0.8)";
const STROKES = [
  [0, "rgb(255 255 255 / 0.5)"],
  [1, "rgb(0 0 0 / 0.5)"],
] as const;
/** Pixels between strokes of one tone. */
const APART = 16;

/** Hatches every patch that is not kept, and draws the border between kept and masked ones. */
export function paintMask(context: CanvasRenderingContext2D, kept: ReadonlySet<number>, grid: Grid): void {
  context.fillStyle = HIDDEN;
  eachCell(grid, (i, ...rect) => kept.has(i) || context.fillRect(...rect));
  context.lineWidth = 1.5;
  for (const [half, style] of STROKES) {
    context.strokeStyle = style;
    context.beginPath();
    eachCell(grid, (i, ...rect) => kept.has(i) || hatch(context, rect, (half * APART) / 2));
    context.stroke();
  }
  for (const [width, style] of twoTones(4, 1.5)) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.beginPath();
    eachCell(grid, (i, x, y, width, height) => {
      if (i % grid[1] && kept.has(i) !== kept.has(i - 1)) context.rect(x, y, 0, height);
      if (i >= grid[1] && kept.has(i) !== kept.has(i - grid[1])) context.rect(x, y, width, 0);
    });
    context.stroke();
  }
}

/** The parts within a rectangle of slanted lines across the whole canvas, so that they run on from cell to cell. */
function hatch(context: CanvasRenderingContext2D, [x, y, width, height]: [number, number, number, number], offset: number): void {
  for (let sum = Math.ceil((x + y - offset) / APART) * APART + offset; sum < x + y + width + height; sum += APART) {
    const [from, to] = [Math.max(x, sum - y - height), Math.min(x + width, sum - y)];
    context.moveTo(from, sum - from);
    context.lineTo(to, sum - to);
  }
}

/** Colours each patch by its value, `low` to `high`. */
export function paintHeat(
  context: CanvasRenderingContext2D,
  values: ArrayLike<number>,
  grid: Grid,
  range: [number, number],
  alpha = 1,
): void {
  const [low, high] = range;
  context.globalAlpha = alpha;
  eachCell(grid, (i, ...rect) => {
    context.fillStyle = colour((values[i] - low) / (high - low || 1));
    context.fillRect(...rect);
  });
  context.globalAlpha = 1;
}

/** Colours each patch by how far it is above or below `middle`; `reach` is the distance of the strongest colour. */
export function paintDiverging(
  context: CanvasRenderingContext2D,
  values: ArrayLike<number>,
  grid: Grid,
  middle: number,
  reach: number,
): void {
  eachCell(grid, (i, ...rect) => {
    context.fillStyle = diverging((values[i] - middle) / (reach || 1));
    context.fillRect(...rect);
  });
}

/** Greys from black 0 to white 1. */
export function paintShades(context: CanvasRenderingContext2D, values: ArrayLike<number>, grid: Grid): void {
  eachCell(grid, (i, ...rect) => {
    const grey = Math.round(255 * Math.min(1, Math.max(0, values[i])));
    context.fillStyle = `rgb(${grey} ${grey} ${grey})`;
    context.fillRect(...rect);
  });
}

/** Attention from a quarter of an even share to four times it, as powers of two: one scale everywhere. */
const REACH = 2;

/** Colours each patch by its attention, a multiple of an even share. */
export function paintMultiples(context: CanvasRenderingContext2D, times: ArrayLike<number>, grid: Grid): void {
  paintDiverging(
    context,
    Array.from(times, (value) => Math.log2(Math.max(value, 1e-3))),
    grid,
    0,
    REACH,
  );
}

export function paintGrid(context: CanvasRenderingContext2D, [rows, columns]: Grid): void {
  context.strokeStyle = "rgb(128 128 128 / 0.55)";
  context.lineWidth = 1;
  const inner = (count: number) => Array.from({ length: count - 1 }, (_, i) => Math.round(((i + 1) * EDGE) / count) + 0.5);
  paintLines(context, inner(rows), inner(columns));
}

/** Borders of regions at these shares of the height and of the width, drawn so that they stand out on light and dark. */
export function paintBorders(context: CanvasRenderingContext2D, below: readonly number[], across: readonly number[]): void {
  const pixels = (shares: readonly number[]) => shares.map((share) => share * EDGE);
  for (const [width, style] of twoTones(5, 2)) {
    context.lineWidth = width;
    context.strokeStyle = style;
    paintLines(context, pixels(below), pixels(across));
  }
}

/** A light line on a darker, wider one. */
const twoTones = (wide: number, narrow: number) =>
  [
    [wide, "#000"],
    [narrow, "#fff"],
  ] as const;

/** Lines over the whole canvas: horizontal ones at these heights, vertical ones at these widths. */
function paintLines(context: CanvasRenderingContext2D, heights: readonly number[], widths: readonly number[]): void {
  context.beginPath();
  for (const y of heights) {
    context.moveTo(0, y);
    context.lineTo(EDGE, y);
  }
  for (const x of widths) {
    context.moveTo(x, 0);
    context.lineTo(x, EDGE);
  }
  context.stroke();
}

/** A frame round one patch that stands out on light and dark. */
export function paintCursor(context: CanvasRenderingContext2D, cell: number, grid: Grid): void {
  const [width, height] = sizeOf(grid);
  const [x, y] = [columnOf(cell, grid) * width, rowOf(cell, grid) * height];
  for (const [line, style] of twoTones(7, 3)) {
    context.lineWidth = line;
    context.strokeStyle = style;
    context.strokeRect(x + 2, y + 2, width - 4, height - 4);
  }
}

const sizeOf = ([rows, columns]: Grid): [width: number, height: number] => [EDGE / columns, EDGE / rows];

function eachCell(grid: Grid, paint: (index: number, x: number, y: number, width: number, height: number) => void): void {
  const [width, height] = sizeOf(grid);
  for (let i = 0; i < grid[0] * grid[1]; i++) paint(i, columnOf(i, grid) * width, rowOf(i, grid) * height, width, height);
}
