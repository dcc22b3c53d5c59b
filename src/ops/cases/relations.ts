/** Relations between rows beside float64. */
import type { Tensor } from "../../engine/graph";
import { crossAttention, selfAttention } from "../attention";
import type { Check } from "../evidence";
import { asOp } from "../losses.fixture";
import { attentionLogits, type GramPair, gramLoss, unitRows } from "../relations";

export const rowsOf = (x: ArrayLike<number>, cols: number) =>
  Array.from({ length: x.length / cols }, (_, r) => Array.from({ length: cols }, (_, c) => x[r * cols + c]));

export const dot = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);

export const unit64 = (x: ArrayLike<number>, cols: number) => rowsOf(x, cols).map((row) => row.map((v) => v / Math.sqrt(dot(row, row))));

/** Mean over groups and pairs of rows of the squared difference of Gram entries. */
export function gram64(s: number[][], t: number[][], groups: number, across: boolean): number {
  const items = s.length / groups;
  const at = (g: number, i: number) => (across ? i * groups + g : g * items + i);
  let sum = 0;
  for (let g = 0; g < groups; g++)
    for (let i = 0; i < items; i++)
      for (let j = 0; j < items; j++) sum += (dot(t[at(g, i)], t[at(g, j)]) - dot(s[at(g, i)], s[at(g, j)])) ** 2;
  return sum / (s.length * items);
}

export const unitRowsCase = (rows: number, cols: number): Check => ({
  inputs: { x: { shape: [rows, cols], grad: true } },
  op: ({ x }) => unitRows(x),
  reference: ({ x }) => [unit64(x, cols).flat()],
});

export function gramCase(rows: number, groups: number, across: boolean): Check {
  const pair = (student: Tensor, teacher: Tensor, factor: number): GramPair => ({ student, teacher, groups, across, factor });
  return {
    inputs: { s: { shape: [rows, 4], grad: true }, t: { shape: [rows, 7] } },
    op: ({ s, t }, graph) => asOp(graph, gramLoss([pair(unitRows(s), unitRows(t), 0.3)])),
    reference: ({ s, t }) => [[0.3 * gram64(unit64(s, 4), unit64(t, 7), groups, across)]],
  };
}

export const [batch, tokens, heads, headDim] = [3, 6, 2, 3];
export const inner = heads * headDim;
export const kept = { shape: [batch, 2], dtype: "u32" as const, data: [4, 0, 1, 3, 2, 0] };

/** sum_h q_h . k_h / (T sqrt(headDim)) of the class token's query and the keys of the tokens shown. */
export function logits64(q: number[][], keys: number[][], T: number, shown?: ArrayLike<number>): number[] {
  return Array.from({ length: batch }, (_, b) => {
    const columns = shown ? [0, 1 + shown[2 * b], 1 + shown[2 * b + 1]] : [...Array(tokens).keys()];
    return columns.map((j) => dot(q[b], keys[b * tokens + j]) / (T * Math.sqrt(headDim)));
  }).flat();
}

export const part = (x: ArrayLike<number>, cols: number, from: number) => rowsOf(x, cols).map((row) => row.slice(from, from + inner));

/** Of blocks of both kinds, one after the other; gradients of a block used twice add up. */
export const attentionLogitsCase = (): Check => ({
  inputs: {
    ...{ qkv: { shape: [batch * tokens, 3 * inner], grad: true } },
    ...{ q: { shape: [batch, inner], grad: true }, kv: { shape: [batch * tokens, 2 * inner], grad: true }, kept },
  },
  op: ({ qkv, q, kv, kept }) => {
    const heads2 = { batch, heads, headDim };
    const self = selfAttention(qkv, heads2).trace;
    return attentionLogits([self, crossAttention(q, kv, heads2).trace, self], 10, kept);
  },
  reference: ({ qkv, q, kv, kept }) => {
    const first = part(qkv, 3 * inner, 0).filter((_, row) => row % tokens === 0);
    const self = logits64(first, part(qkv, 3 * inner, inner), 10, kept);
    return [[...self, ...logits64(rowsOf(q, inner), part(kv, 2 * inner, 0), 10, kept), ...self]];
  },
});
