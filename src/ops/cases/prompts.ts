/** FreeKD's prompts while they are learned, beside loops. */

import { type Check, randoms } from "../evidence";
import { haar } from "../haar";
import { asOp } from "../losses.fixture";
import { diceLoss, maskedInverse, maskedLow, promptMasks } from "../prompts";
import { bands64, SIGNS } from "./haar";

/** Prompts of a band. */
export const T = 3;

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Masks [blocks, T] by prompts of the bands from `first` to `last`. */
function masks64(bands: ArrayLike<number>, prompts: ArrayLike<number>, cols: number, [first, last]: [number, number]): Float64Array {
  const asked = (block: number, c: number) => total(range(last - first + 1).map((k) => bands[(4 * block + first + k) * cols + c]));
  const dot = (block: number, t: number) => total(range(cols).map((c) => prompts[t * cols + c] * asked(block, c)));
  return Float64Array.from(range((bands.length / 4 / cols) * T), (i) => 1 / (1 + Math.exp(-dot(Math.floor(i / T), i % T))));
}

const weight64 = (masks: ArrayLike<number>, block: number) => total(range(T).map((t) => masks[block * T + t]));

/** The map [B, H, W, C] of `low` and weighted details. */
function inverse64(bands: ArrayLike<number>, low: ArrayLike<number>, masks: ArrayLike<number>, [batch, height, width, cols]: number[]) {
  const [tall, wide] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  return range(batch * height * width * cols).map((i) => {
    const [c, pixel] = [i % cols, Math.floor(i / cols)];
    const [x, y, b] = [pixel % width, Math.floor(pixel / width) % height, Math.floor(pixel / width / height)];
    const block = (b * tall + (y >> 1)) * wide + (x >> 1);
    const signs = SIGNS.map((band) => band[2 * (y & 1) + (x & 1)]);
    const details = total([1, 2, 3].map((k) => signs[k] * bands[(4 * block + k) * cols + c]));
    return 0.5 * (low[block * cols + c] + weight64(masks, block) * details);
  });
}

/** Blocks of four pixels. */
const blocksOf = ([batch, height, width]: number[]) => batch * Math.ceil(height / 2) * Math.ceil(width / 2);

export const promptMasksCase = (shape: number[], of: "details" | "low"): Check => ({
  inputs: { x: { shape }, prompts: { shape: [T, shape[3]], grad: true } },
  op: ({ x, prompts }) => promptMasks(haar(x, 1)[0], prompts, of),
  reference: ({ x, prompts }) => [masks64(bands64(x, shape), prompts, shape[3], of === "low" ? [0, 0] : [1, 3])],
});

export const maskedLowCase = (shape: number[]): Check => ({
  inputs: { x: { shape }, masks: { shape: [blocksOf(shape), T], grad: true } },
  op: ({ x, masks }) => maskedLow(haar(x, 1)[0], masks),
  reference: ({ x, masks }) => {
    const [bands, cols] = [bands64(x, shape), shape[3]];
    return [
      range(blocksOf(shape) * cols).map((i) => weight64(masks, Math.floor(i / cols)) * bands[4 * cols * Math.floor(i / cols) + (i % cols)]),
    ];
  },
});

export const maskedInverseCase = (shape: number[]): Check => {
  const [batch, height, width, cols] = shape;
  return {
    inputs: {
      x: { shape },
      low: { shape: [batch, Math.ceil(height / 2), Math.ceil(width / 2), cols], grad: true },
      masks: { shape: [blocksOf(shape), T], grad: true },
    },
    op: ({ x, low, masks }) => maskedInverse(haar(x, 1)[0], low, masks, [height, width]),
    reference: ({ x, low, masks }) => [inverse64(bands64(x, shape), low, masks, shape)],
  };
};

/** Masks of `each` blocks in two images. */
export const diceCase = (each: number): Check => {
  const batch = 2;
  const shape = [batch * each, T];
  return {
    inputs: { masks: { shape, data: randoms(batch * each * T, 6).map((v) => Math.abs(v)), grad: true } },
    op: ({ masks }, graph) => asOp(graph, diceLoss(masks, batch)),
    reference: ({ masks }) => {
      const dot = (b: number, i: number, j: number) =>
        total(range(each).map((p) => masks[(each * b + p) * T + i] * masks[(each * b + p) * T + j]));
      const pairs = range(T).flatMap((i) => range(T).flatMap((j) => (i === j ? [] : [[i, j]])));
      const values = range(batch).flatMap((b) => pairs.map(([i, j]) => (2 * dot(b, i, j)) / (dot(b, i, i) + dot(b, j, j) + 2e-12)));
      return [[total(values) / values.length]];
    },
  };
};
