/** Attention with relative positions beside sums written as the definition has them. */
import type { Check } from "../evidence";
import { placeOf, relativeAttention, type TokenGrid } from "../relative";

export interface Case extends TokenGrid {
  batch: number;
  heads: number;
  dim: number;
}

export function relative64(qkv: ArrayLike<number>, rows: ArrayLike<number>, columns: ArrayLike<number>, o: Case): Float64Array {
  const { batch, heads, dim, side } = o;
  const n = side ** 2;
  const at = (token: number, part: number, head: number, i: number) => qkv[((token * 3 + part) * heads + head) * dim + i];
  const sum = (each: (i: number) => number) => Array.from({ length: dim }, (_, i) => each(i)).reduce((a, b) => a + b, 0);
  const out = new Float64Array(batch * n * heads * dim);
  for (let b = 0; b < batch; b++)
    for (let head = 0; head < heads; head++)
      for (let q = 0; q < n; q++) {
        const query = b * n + q;
        const logits = Array.from({ length: n }, (_, k) => {
          const [down, across] = [0, 1].map((axis) => placeOf(q, o)[axis] - placeOf(k, o)[axis] + side - 1);
          const product = sum((i) => at(query, 0, head, i) * at(b * n + k, 1, head, i)) / Math.sqrt(dim);
          return product + sum((i) => at(query, 0, head, i) * (rows[down * dim + i] + columns[across * dim + i]));
        });
        const most = Math.max(...logits);
        const powers = logits.map((logit) => Math.exp(logit - most));
        const total = powers.reduce((a, b) => a + b, 0);
        for (const [k, power] of powers.entries())
          for (let i = 0; i < dim; i++) out[(query * heads + head) * dim + i] += (power / total) * at(b * n + k, 2, head, i);
      }
  return out;
}

export const relativeCase = (o: Case): Check => ({
  inputs: {
    qkv: { shape: [o.batch * o.side ** 2, 3 * o.heads * o.dim], grad: true },
    rows: { shape: [2 * o.side - 1, o.dim], grad: true },
    columns: { shape: [2 * o.side - 1, o.dim], grad: true },
  },
  op: ({ qkv, rows, columns }) =>
    relativeAttention(qkv, { batch: o.batch, heads: o.heads, headDim: o.dim, lead: 0 }, { ...o, rows, columns }).out,
  reference: ({ qkv, rows, columns }) => [relative64(qkv, rows, columns, o)],
});
