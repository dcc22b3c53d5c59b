/** Means of tokens beside float64. */
import type { Check } from "../evidence";
import { mix } from "../features";
import { tokenMean } from "../tokenmean";

const [BATCH, TOKENS, D] = [3, 5, 4];

/** The mean of `count` tokens from `first` on, beside another of the same rows. */
export const tokenMeanCase = (first: number, count: number): Check => ({
  inputs: { x: { shape: [BATCH * TOKENS, D], grad: true } },
  op: ({ x }) =>
    mix(tokenMean(x, { tokens: TOKENS, first, count }), tokenMean(x, { tokens: TOKENS, first: 0, count: 1 }), { lambda: 2, mu: 3 }),
  reference: ({ x }) => [
    Array.from({ length: BATCH * D }, (_, i) => {
      const at = (t: number) => x[(Math.floor(i / D) * TOKENS + t) * D + (i % D)];
      const mean = Array.from({ length: count }, (_, t) => at(first + t)).reduce((a, v) => a + v, 0) / count;
      return 2 * mean + 3 * at(0);
    }),
  ],
  tolerance: 1e-6,
});
