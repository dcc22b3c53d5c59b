/** Choices of patches beside sorting. */
import { uniform } from "../../engine/random";
import type { Check } from "../evidence";
import { gather, hidden, hide, promote, randomScores, topk } from "../select";

/** The same ranking by sorting (-score, index). */
export function topk64(scores: ArrayLike<number>, n: number, k: number, sign: 1 | -1): number[] {
  const key = (v: number) => (Number.isNaN(v) ? Number.NEGATIVE_INFINITY : sign * v);
  return Array.from({ length: scores.length / n }, (_, b) => {
    const row = Array.from({ length: n }, (_, i) => key(scores[b * n + i]));
    const order = [...row.keys()].sort((i, j) => (row[i] === row[j] ? i - j : row[i] > row[j] ? -1 : 1));
    return order.slice(0, k);
  }).flat();
}

export function gather64(x: ArrayLike<number>, index: ArrayLike<number>, [batch, n, k, d]: number[], first: number): Float64Array {
  const out = new Float64Array(batch * (first + k) * d);
  for (let i = 0; i < out.length; i++) {
    const row = Math.floor(i / d);
    const b = Math.floor(row / (first + k));
    const j = (row % (first + k)) - first;
    out[i] = x[(b * (first + n) + (j < 0 ? 0 : first + index[b * k + j])) * d + (i % d)];
  }
  return out;
}

export const topkCase = (batch: number, n: number, k: number, order: "top" | "bottom"): Check => ({
  inputs: { s: { shape: [batch, n], whole: true } },
  op: ({ s }) => topk(s, k, { order }),
  reference: ({ s }) => [topk64(s, n, k, order === "top" ? 1 : -1)],
  tolerance: 0,
});

/** `size` is [batch, rows, k, columns], `index` which rows; with the first row of each image before them, or without. */
export function gatherCase(size: number[], index: number[], keepFirst: boolean): Check {
  const [batch, n, k, d] = size;
  const first = Number(keepFirst);
  return {
    inputs: { x: { shape: [batch, first + n, d], grad: true }, index: { shape: [batch, k], data: index, dtype: "u32" } },
    op: ({ x, index }) => gather(x, index, { keepFirst }),
    reference: ({ x, index }) => [gather64(x, index, size, first)],
  };
}

const RANDOM = { seed: 0xdeadbeef, stream: 7, step: 3 };

/** Uniform numbers, and what they hide, are the CPU's bit for bit. */
export const randomCase = (batch: number, n: number): Check => ({
  inputs: {},
  op: (_, graph) => [randomScores(graph, [batch, n], RANDOM), hide(randomScores(graph, [batch, n], RANDOM), 0.3)],
  reference: () => [
    Array.from({ length: batch * n }, (_, i) => uniform(RANDOM.seed, RANDOM.stream, RANDOM.step, i)),
    hidden([batch, n], 0.3, RANDOM),
  ],
  tolerance: 0,
});

/** The `highest` by score come first, then others by their draws: from none to all of k. */
export const promoteCase = (batch: number, n: number, k: number, highest: number): Check => ({
  inputs: { s: { shape: [batch, n], whole: true } },
  op: ({ s }, graph) => topk(promote(s, randomScores(graph, [batch, n], RANDOM), highest), k),
  reference: ({ s }) => [
    Array.from({ length: batch }, (_, b) => {
      const first = topk64(s.subarray(b * n, (b + 1) * n), n, highest, 1);
      const draws = Array.from({ length: n }, (_, i) => uniform(RANDOM.seed, RANDOM.stream, RANDOM.step, b * n + i));
      const others = topk64(draws, n, n, 1).filter((i) => !first.includes(i));
      return [...first, ...others.slice(0, k - highest)];
    }).flat(),
  ],
  tolerance: 0,
});
