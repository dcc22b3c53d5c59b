/** Regions of maps beside loops. */
import { type Check, randoms } from "../evidence";
import {
  absolutePixelMeans,
  channelAttention,
  closeSeams,
  erase,
  eraseMask,
  openSeams,
  type Phi,
  regionCount,
  regionMeans,
  regionsOf,
  type Sides,
  spatialAttention,
} from "../regions";

type Map64 = { x: ArrayLike<number>; shape: readonly number[] };

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

export const sum = (v: ArrayLike<number>) => Array.from(v).reduce((a, b) => a + b, 0);

export const mean = (v: ArrayLike<number>) => sum(v) / v.length;

export const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Indices of the pixels b H W + i W + j of every region of one image, region by region. */
export function pixelsOf([, height, width]: readonly number[], sides: Sides, b: number): number[][] {
  return regionsOf(sides, [height, width]).map(([top, left, bottom, right]) => {
    const pixels: number[] = [];
    for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) pixels.push((b * height + i) * width + j);
    return pixels;
  });
}

const vector = ({ x, shape: [, , , cols] }: Map64, pixel: number) => Array.from({ length: cols }, (_, c) => x[pixel * cols + c]);

function spatial64(map: Map64, sides: Sides, tau: number, phi: Phi, relative = false): Float64Array {
  const [batch, height, width] = map.shape;
  const pixels = batch * height * width;
  const out = new Float64Array(sides.length * pixels);
  const squares = Array.from({ length: pixels }, (_, pixel) => mean(vector(map, pixel).map((e) => e * e)));
  const unit = (pixel: number) => {
    const image = Math.floor(pixel / (height * width));
    return relative ? mean(squares.slice(image * height * width, (image + 1) * height * width)) : 1;
  };
  const score = (pixel: number) =>
    phi === "softmax" ? Math.exp(mean(vector(map, pixel).map(Math.abs)) / tau) : sigmoid(squares[pixel] / unit(pixel) / tau);
  for (const [level, side] of sides.entries())
    for (let b = 0; b < batch; b++)
      for (const region of pixelsOf(map.shape, [side], b)) {
        const average = phi === "identity" ? 1 : mean(region.map(score));
        for (const pixel of region) out[level * pixels + pixel] = score(pixel) / average;
      }
  return out;
}

export function means64(map: Map64, sides: Sides, read = (v: number) => v): Float64Array {
  const [batch, , , cols] = map.shape;
  const all = Array.from({ length: batch }, (_, b) =>
    pixelsOf(map.shape, sides, b).map((region) =>
      Array.from({ length: cols }, (_, c) => mean(region.map((pixel) => read(map.x[pixel * cols + c])))),
    ),
  );
  return Float64Array.from(all.flat(2));
}

export function erase64(map: Map64, mask: ArrayLike<number>, sides: Sides, channels: boolean): Float64Array {
  const [batch, height, width, cols] = map.shape;
  const pixels = batch * height * width;
  const out = new Float64Array(sides.length * pixels * cols);
  for (let b = 0; b < batch; b++)
    for (const [number, region] of pixelsOf(map.shape, sides, b).entries()) {
      const level = sides.findIndex((_, i) => regionCount(sides.slice(0, i + 1)) > number);
      for (const pixel of region)
        for (let c = 0; c < cols; c++) {
          const kept = channels ? mask[(b * regionCount(sides) + number) * cols + c] : mask[level * pixels + pixel];
          out[(level * pixels + pixel) * cols + c] = kept * map.x[pixel * cols + c];
        }
    }
  return out;
}

/** Cells of stacked maps moved apart by one row and column of zeros. */
export function open64({ x, shape }: Map64, sides: Sides): Float64Array {
  const [, batch, height, width, cols] = shape;
  const gap = Math.max(...sides) - 1;
  const wide = width + gap;
  const out = new Float64Array(sides.length * batch * (height + gap) * wide * cols);
  for (const [level, side] of sides.entries())
    for (let b = 0; b < batch; b++)
      for (const [cell, [top, left, bottom, right]] of regionsOf([side], [height, width]).entries())
        for (let i = top; i < bottom; i++)
          for (let j = left; j < right; j++)
            for (let c = 0; c < cols; c++) {
              const map = level * batch + b;
              const [row, column] = [i + Math.floor(cell / side), j + (cell % side)];
              out[((map * (height + gap) + row) * wide + column) * cols + c] = x[((map * height + i) * width + j) * cols + c];
            }
  return out;
}

export const bits = (count: number, seed: number) => randoms(count, seed).map((v) => Number(v > 0));

/** Eq. 1, in units of the image's mean if `relative`. */
export const spatialCase = (shape: number[], sides: Sides, phi: Phi, relative = false): Check => ({
  inputs: { x: { shape } },
  op: ({ x }) => spatialAttention(x, sides, { tau: 0.5, phi, relative }),
  reference: ({ x }) => [spatial64({ x, shape }, sides, 0.5, phi, relative)],
});

/** Eq. 2. */
export const channelCase = (shape: number[], sides: Sides): Check => ({
  inputs: { x: { shape } },
  op: ({ x }) => channelAttention(x, sides, 0.8),
  reference: ({ x }) => [means64({ x, shape }, sides).map((v) => sigmoid(v / 0.8))],
});

export const regionMeansCase = (shape: number[], sides: Sides, absolute: boolean): Check => ({
  inputs: { x: { shape, grad: true } },
  op: ({ x }) => regionMeans(x, sides, { absolute, tau: absolute ? 0.4 : 1 }),
  reference: ({ x }) => [means64({ x, shape }, sides, absolute ? (v) => Math.abs(v) / 0.4 : undefined)],
});

/** By a mask of pixels, or of channels of each region. */
export function eraseCase(shape: number[], sides: Sides, channels: boolean): Check {
  const [batch, height, width, cols] = shape;
  const mask = channels ? [batch, regionCount(sides), cols] : [sides.length, batch, height, width];
  return {
    inputs: { x: { shape, grad: true }, mask: { shape: mask, data: bits(size(mask), 4) } },
    op: ({ x, mask }) => erase(x, mask, sides),
    reference: ({ x, mask }) => [erase64({ x, shape }, mask, sides, channels)],
  };
}

export function openSeamsCase(shape: number[], sides: Sides): Check {
  const stacked = [sides.length, ...shape];
  return {
    inputs: { x: { shape: stacked, grad: true } },
    op: ({ x }) => openSeams(x, sides),
    reference: ({ x }) => [open64({ x, shape: stacked }, sides)],
  };
}

/** Opened and closed again: nothing has changed. */
export const closeSeamsCase = (shape: number[], sides: Sides): Check => ({
  inputs: { x: { shape: [sides.length, ...shape], grad: true } },
  op: ({ x }) => closeSeams(openSeams(x, sides), sides),
  reference: ({ x }) => [x],
});

/** What a map attends to most is erased, where no value is near the threshold. */
export const eraseMaskCase = (): Check => ({
  inputs: { a: { shape: [1, 2, 4, 3] } },
  op: ({ a }) => eraseMask(a, 0.01),
  reference: ({ a }) => [a.map((v) => Number(v < 0.01))],
  tolerance: 0,
});

export const pixelMeansCase = (shape: number[]): Check => ({
  inputs: { x: { shape, grad: true } },
  op: ({ x }) => absolutePixelMeans(x, 0.5),
  reference: ({ x }) => {
    const cols = shape[3];
    return [Float64Array.from({ length: x.length / cols }, (_, i) => mean(x.slice(cols * i, cols * i + cols).map(Math.abs)) / 0.5)];
  },
});
