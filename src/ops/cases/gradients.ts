/** What gathers gradients and copies parameters, beside loops written out plainly. */
import { BLOCK, copyBlocks } from "../copyblocks";
import type { Check } from "../evidence";

const NONE = { a_offset: 0, a_stride: 0, b_offset: 0, b_stride: 0, every: 1 };

/** Parts of a large gradient, summed at once as `Gradients.partial` does. */
export const sumOfPartsCase = (parts: number, size: number): Check => ({
  inputs: { b: { shape: [parts, size] } },
  op: ({ b }, graph) => {
    const out = graph.temp([size]);
    graph.launch("elementwise", "sum_parts", { bind: { b, out }, params: { ...NONE, rows: parts, cols: size }, threads: size });
    return out;
  },
  reference: ({ b }) => [
    Float64Array.from({ length: size }, (_, i) => Array.from({ length: parts }, (_, p) => b[p * size + i]).reduce((x, y) => x + y)),
  ],
});

/** A gradient times the loss scale, as `Gradients.multiply` does it. */
export const multipliedCase = (rows: number, cols: number): Check => ({
  inputs: { b: { shape: [rows, cols] }, factor: { shape: [1] } },
  op: ({ b, factor }, graph) => {
    const out = graph.temp([rows, cols]);
    graph.launch("elementwise", "multiply", {
      bind: { b, factor, out },
      params: { ...NONE, rows, cols, b_stride: cols },
      threads: rows * cols,
    });
    return out;
  },
  reference: ({ b, factor }) => [b.map((v) => v * factor[0])],
});

/** Blocks that go to the places `to`, or nowhere, as `Params` copies weights. */
export const copiedBlocksCase = (to: readonly number[]): Check => ({
  inputs: { b: { shape: [BLOCK * to.length] }, to: { shape: [to.length], data: [...to], dtype: "u32" } },
  op: ({ b, to: places }, graph) => {
    const out = graph.temp([BLOCK * (1 + Math.max(...to.filter((place) => place < to.length)))]);
    copyBlocks(b, places, out);
    return out;
  },
  reference: ({ b }) => {
    const all = Array.from({ length: to.length }, (_, place) => to.indexOf(place)).filter((from) => from >= 0);
    return [Float64Array.from(all.flatMap((from) => [...b.subarray(BLOCK * from, BLOCK * from + BLOCK)]))];
  },
});
