/** Pictures and what lies over them (dimmed patches, heat, grid, cursor), on square 2D canvases. */
import type { BoxGallery, Gallery } from "../../worker/protocol";
import { colour, diverging } from "./colormap";

/** Pixels along a canvas's edge; a multiple of the usual image sides, so that pixels stay square. */
export const EDGE = 256;

/** Colour that masked patches fade into, and that of their border. */
export type Veil = readonly [veil: string, ink: string];

/** Image `index` of the gallery as a small canvas of one pixel per pixel; grey where colour is to mean something else. */
export function bakePicture({ images, side, channels }: Gallery, index: number, grey = false): HTMLCanvasElement {
  const area = side * side;
  const planes = images.subarray(index * channels * area, (index + 1) * channels * area);
  return bake(side, (i, c) => planes[(channels === 1 ? 0 : c) * area + i], grey);
}

/** The same of images with objects. */
export function bakeScene({ images, side }: BoxGallery, index: number): HTMLCanvasElement {
  const start = 3 * side * side * index;
  return bake(side, (i, c) => images[start + 3 * i + c], false);
}

/** Pixels by their number and channel. */
function bake(side: number, value: (pixel: number, channel: number) => number, grey: boolean): HTMLCanvasElement {
  const pixels = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    const rgb = [0, 1, 2].map((c) => value(i, c));
    const luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = grey ? luma : rgb[c];
    pixels.data[4 * i + 3] = 255;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}

/** The picture over the whole canvas. */
export function paintPicture(context: CanvasRenderingContext2D, picture: HTMLCanvasElement): void {
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 0, 0, EDGE, EDGE);
}

/** Fades every patch that is not kept into the page, and draws the border between both in ink. */
export function paintMask(context: CanvasRenderingContext2D, kept: ReadonlySet<number>, across: number, [veil, ink]: Veil): void {
  context.fillStyle = veil;
  context.globalAlpha = 0.84;
  eachCell(across, (i, x, y, size) => kept.has(i) || context.fillRect(x, y, size, size));
  context.globalAlpha = 1;
  context.strokeStyle = ink;
  context.lineWidth = 2;
  context.beginPath();
  eachCell(across, (i, x, y, size) => {
    if (i % across && kept.has(i) !== kept.has(i - 1)) context.rect(x, y, 0, size);
    if (i >= across && kept.has(i) !== kept.has(i - across)) context.rect(x, y, size, 0);
  });
  context.stroke();
}

/** Colours each patch by its value, `low` to `high`. */
export function paintHeat(context: CanvasRenderingContext2D, values: ArrayLike<number>, range: [number, number], alpha = 1): void {
  const [low, high] = range;
  context.globalAlpha = alpha;
  eachCell(Math.sqrt(values.length), (i, x, y, size) => {
    context.fillStyle = colour((values[i] - low) / (high - low || 1));
    context.fillRect(x, y, size, size);
  });
  context.globalAlpha = 1;
}

/** Colours each patch by how far it is above or below `middle`; `reach` is the distance of the strongest colour. */
export function paintDiverging(context: CanvasRenderingContext2D, values: ArrayLike<number>, middle: number, reach: number): void {
  eachCell(Math.sqrt(values.length), (i, x, y, size) => {
    context.fillStyle = diverging((values[i] - middle) / (reach || 1));
    context.fillRect(x, y, size, size);
  });
}

export function paintGrid(context: CanvasRenderingContext2D, across: number): void {
  context.strokeStyle = "rgb(128 128 128 / 0.55)";
  context.lineWidth = 1;
  paintLines(
    context,
    Array.from({ length: across - 1 }, (_, i) => Math.round(((i + 1) * EDGE) / across) + 0.5),
  );
}

/** Borders of regions, at shares of the edge; they stand out on light and dark. */
export function paintBorders(context: CanvasRenderingContext2D, shares: readonly number[]): void {
  for (const [width, style] of [
    [5, "#000"],
    [2, "#fff"],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = style;
    paintLines(
      context,
      shares.map((share) => share * EDGE),
    );
  }
}

/** Lines across the whole canvas, both ways. */
function paintLines(context: CanvasRenderingContext2D, places: readonly number[]): void {
  context.beginPath();
  for (const at of places) {
    context.moveTo(at, 0);
    context.lineTo(at, EDGE);
    context.moveTo(0, at);
    context.lineTo(EDGE, at);
  }
  context.stroke();
}

/** A frame round one patch that stands out on light and dark. */
export function paintCursor(context: CanvasRenderingContext2D, cell: number, across: number): void {
  const size = EDGE / across;
  const [x, y] = [(cell % across) * size, Math.floor(cell / across) * size];
  for (const [width, style] of [
    [7, "#000"],
    [3, "#fff"],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.strokeRect(x + 2, y + 2, size - 4, size - 4);
  }
}

function eachCell(across: number, paint: (index: number, x: number, y: number, size: number) => void): void {
  const size = EDGE / across;
  for (let i = 0; i < across * across; i++) paint(i, (i % across) * size, Math.floor(i / across) * size, size);
}
