/** Talking heads, and rows that come before others, beside loops. */
import type { Check } from "../evidence";
import { prepend, withoutFirst } from "../prepend";
import { everyRow } from "../select";
import { headScores, headSums, talk } from "../talking";

/** Tokens of two images on either side, heads and their width. */
export interface TalkingSizes {
  n: number;
  m: number;
  heads: number;
  headDim: number;
}

const BATCH = 2;

/** Odd edges, and such that lanes compute whole tiles and parts of them. */
export const TALKING: readonly TalkingSizes[] = [
  { n: 3, m: 4, heads: 3, headDim: 5 },
  { n: 6, m: 9, heads: 2, headDim: 8 },
  { n: 21, m: 20, heads: 4, headDim: 8 },
  { n: 1, m: 12, heads: 8, headDim: 4 },
];

/** Of [batch, i, h, j]. */
const each = <T>({ n, m, heads }: TalkingSizes, make: (b: number, i: number, j: number, h: number) => T): T[] =>
  Array.from({ length: BATCH * n * m * heads }, (_, at) => {
    const [j, h, row] = [at % m, Math.floor(at / m) % heads, Math.floor(at / heads / m)];
    return make(Math.floor(row / n), row % n, j, h);
  });

/** q . k of each pair and head. */
function scores(sizes: TalkingSizes, q: ArrayLike<number>, k: ArrayLike<number>): number[] {
  const { n, m, heads, headDim } = sizes;
  return each(sizes, (b, i, j, h) => {
    let sum = 0;
    for (let e = h * headDim; e < (h + 1) * headDim; e++)
      sum += q[(b * n + i) * heads * headDim + e] * k[(b * m + j) * heads * headDim + e];
    return sum / Math.sqrt(headDim);
  });
}

export function headScoresCase(sizes: TalkingSizes): Check {
  const { n, m, heads, headDim } = sizes;
  const inner = heads * headDim;
  return {
    inputs: { q: { shape: [BATCH * n, inner], grad: true }, k: { shape: [BATCH * m, inner], grad: true } },
    op: ({ q, k }) => headScores(q, k, { batch: BATCH, heads, headDim }),
    reference: ({ q, k }) => [scores(sizes, q, k)],
  };
}

/** A matrix with itself: both gradients go to it. */
export function ownScoresCase({ n, heads, headDim }: TalkingSizes): Check {
  return {
    inputs: { q: { shape: [BATCH * n, heads * headDim], grad: true } },
    op: ({ q }) => headScores(q, q, { batch: BATCH, heads, headDim }),
    reference: ({ q }) => [scores({ n, m: n, heads, headDim }, q, q)],
  };
}

export function headSumsCase(sizes: TalkingSizes): Check {
  const { n, m, heads, headDim } = sizes;
  const inner = heads * headDim;
  return {
    inputs: { w: { shape: [BATCH * n, heads, m], grad: true }, v: { shape: [BATCH * m, inner], grad: true } },
    op: ({ w, v }) => headSums(w, v, { batch: BATCH, heads, headDim }),
    reference: ({ w, v }) => {
      const out = new Float64Array(BATCH * n * inner);
      each(sizes, (b, i, j, h) => {
        for (let e = h * headDim; e < (h + 1) * headDim; e++)
          out[(b * n + i) * inner + e] += w[((b * n + i) * heads + h) * m + j] * v[(b * m + j) * inner + e];
      });
      return [out];
    },
  };
}

/** Each head as a sum of all. */
export const talkCase = (sizes: TalkingSizes): Check => {
  const { n, m, heads } = sizes;
  return {
    inputs: {
      x: { shape: [BATCH * n, heads, m], grad: true },
      w: { shape: [heads, heads], grad: true },
      bias: { shape: [heads], grad: true },
    },
    op: ({ x, w, bias }) => talk(x, w, bias),
    reference: ({ x, w, bias }) => [
      each(sizes, (b, i, j, g) => {
        let sum = bias[g];
        for (let h = 0; h < heads; h++) sum += w[g * heads + h] * x[((b * n + i) * heads + h) * m + j];
        return sum;
      }),
    ],
  };
};

/** A row before those of each image, which goes again: nothing has changed. */
export const prependCase = (): Check => ({
  inputs: { x: { shape: [10, 3], grad: true } },
  op: ({ x }) => prepend(everyRow(x, 5), withoutFirst(x, 2)),
  reference: ({ x }) => [x],
});
