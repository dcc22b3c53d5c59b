/** Segmentation beside loops. */
import { type Check, randoms } from "../evidence";
import { asOp } from "../losses.fixture";
import { appendTokens, argmax, pixelCrossEntropy, rowProducts, tokenRange } from "../segmentation";
import { logSoftmax64 } from "../softmax.fixture";

/** Labels below K, some of them ignored. */
export const labelsOf = (count: number, classes: number, ignored: (i: number) => boolean) =>
  randoms(count, 5).map((v, i) => (ignored(i) ? 255 : Math.floor(((v + 1) / 2) * classes)));

export function pixelCrossEntropy64(z: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number {
  const logs = logSoftmax64(z, classes);
  const losses = Array.from(labels).flatMap((label, i) => (label < classes ? [-logs[i * classes + label]] : []));
  return losses.length > 0 ? losses.reduce((a, b) => a + b) / losses.length : 0;
}

export function products64(x: ArrayLike<number>, y: ArrayLike<number>, [images, rows, tokens, cols]: number[]): Float64Array {
  return Float64Array.from({ length: images * rows * tokens }, (_, i) => {
    const row = Math.floor(i / tokens);
    const other = Math.floor(row / rows) * tokens + (i % tokens);
    let sum = 0;
    for (let c = 0; c < cols; c++) sum += x[row * cols + c] * y[other * cols + c];
    return sum;
  });
}

export function pixelCrossEntropyCase(shape: number[], ignored: (i: number) => boolean): Check {
  const classes = shape[3];
  const pixels = shape.slice(0, 3);
  const count = pixels.reduce((a, b) => a * b);
  return {
    inputs: {
      z: { shape, grad: true },
      labels: { shape: pixels, dtype: "u32", data: labelsOf(count, classes, ignored) },
    },
    op: ({ z, labels }, graph) => asOp(graph, pixelCrossEntropy(z, labels)),
    reference: ({ z, labels }) => [[pixelCrossEntropy64(z, labels, classes)]],
  };
}

/** The highest of each row, the first of equals. */
export const argmaxCase = (): Check => ({
  inputs: { z: { shape: [2, 2, 3], data: [0, 0, 0, 1, 3, 3, -5, -2, -9, 7, 7, 8] } },
  op: ({ z }) => argmax(z),
  reference: () => [[0, 1, 1, 2]],
  tolerance: 0,
});

export const tokensOf = (x: ArrayLike<number>, tokens: number, cols: number, keep: (token: number) => boolean) =>
  Array.from(x).filter((_, i) => keep(Math.floor(i / cols) % tokens));

/** Rows `begin` to `begin` + `count` of each image's. */
export const tokenRangeCase = (images: number, tokens: number, begin: number, count: number, cols: number): Check => ({
  inputs: { x: { shape: [images * tokens, cols], grad: true } },
  op: ({ x }) => tokenRange(x, images, begin, count),
  reference: ({ x }) => [tokensOf(x, tokens, cols, (t) => t >= begin && t < begin + count)],
});

/** Class tokens behind the patches of every image. */
export const appendTokensCase = (): Check => ({
  inputs: { x: { shape: [3, 4, 5], grad: true }, more: { shape: [1, 2, 5], grad: true } },
  op: ({ x, more }) => appendTokens(x, more),
  reference: ({ x, more }) => [[0, 1, 2].flatMap((b) => [...x.subarray(20 * b, 20 * (b + 1)), ...more])],
});

export const rowProductsCase = (images: number, rows: number, tokens: number, cols: number): Check => ({
  inputs: { x: { shape: [images, rows, cols], grad: true }, y: { shape: [images, tokens, cols], grad: true } },
  op: ({ x, y }) => rowProducts(x, y),
  reference: ({ x, y }) => [products64(x, y, [images, rows, tokens, cols])],
});
