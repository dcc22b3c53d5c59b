/** Merging of tokens (ToMe) beside what must become of two of the same key. */
import { selfAttention } from "../attention";
import { type Check, randoms } from "../evidence";
import { mergeTokens, sizeMean } from "../merge";

export const [BATCH, HEADS, DIM, TOKENS, COLS] = [2, 2, 4, 9, 35];
export const INNER = HEADS * DIM;

/** Queries, keys and values at random, but for token 5, whose keys are those of token 2. */
export function alike(): Float64Array {
  const qkv = randoms(BATCH * TOKENS * 3 * INNER, 3);
  for (let b = 0; b < BATCH; b++)
    for (let c = 0; c < INNER; c++) qkv[(b * TOKENS + 5) * 3 * INNER + INNER + c] = qkv[(b * TOKENS + 2) * 3 * INNER + INNER + c];
  return qkv;
}

/** Tokens in their new places: even ones first, 0, 4, 6, 8; then the odd ones, 5 with what was 2. */
const MERGED = [[0], [4], [6], [8], [1], [3], [2, 5], [7]];

/** Mean of some tokens of an image. */
const meanOf = (values: ArrayLike<number>, b: number, of: number[]) =>
  Array.from({ length: COLS }, (_, c) => of.reduce((sum, t) => sum + values[(b * TOKENS + t) * COLS + c], 0) / of.length);

/** Two tokens of the same key merge first, into their mean, and nothing else changes; nor does the mean of all patches. */
export const mergeCase = (): Check => ({
  inputs: { x: { shape: [BATCH * TOKENS, COLS] }, qkv: { shape: [BATCH * TOKENS, 3 * INNER], data: alike() } },
  op: ({ x, qkv }) => {
    const merged = mergeTokens(x, selfAttention(qkv, { batch: BATCH, heads: HEADS, headDim: DIM }).trace, 1);
    return [merged.x, merged.sizes, merged.logs, sizeMean(merged.x, merged)];
  },
  reference: ({ x }) => {
    const counts = [0, 1].flatMap(() => MERGED.map((of) => of.length));
    const patches = Array.from({ length: TOKENS - 1 }, (_, t) => t + 1);
    return [
      [0, 1].flatMap((b) => MERGED.flatMap((of) => meanOf(x, b, of))),
      counts,
      counts.map(Math.log),
      [0, 1].flatMap((b) => meanOf(x, b, patches)),
    ];
  },
});
