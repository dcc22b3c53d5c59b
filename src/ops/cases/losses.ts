/** Losses of classes beside float64. */
import type { Graph, Tensor } from "../../engine/graph";
import type { Check } from "../evidence";
import { crossEntropy, distillation, mean, type RowLoss, sum } from "../losses";
import { asOp as lossAsOp } from "../losses.fixture";
import { logSoftmax64 } from "../softmax.fixture";

/** A loss and its rows. */
export const asOp = (graph: Graph, loss: RowLoss): Tensor[] => [lossAsOp(graph, loss), loss.rows];

export const average = (rows: ArrayLike<number>) => Array.from(rows).reduce((a, b) => a + b, 0) / rows.length;

export const withMean = (rows: Float64Array) => [[average(rows)], rows];

export function crossEntropy64(z: ArrayLike<number>, t: ArrayLike<number>, k: number): Float64Array {
  const logs = logSoftmax64(z, k);
  return Float64Array.from({ length: z.length / k }, (_, b) => {
    let loss = 0;
    for (let c = 0; c < k; c++) loss -= t[b * k + c] * logs[b * k + c];
    return loss;
  });
}

export const smoothed = (labels: ArrayLike<number>, k: number, e: number): Float64Array =>
  Float64Array.from({ length: labels.length * k }, (_, i) => e / k + (labels[Math.floor(i / k)] === i % k ? 1 - e : 0));

export function distillation64(z: ArrayLike<number>, teacher: ArrayLike<number>, k: number, T: number): Float64Array {
  const cooled = (x: ArrayLike<number>) => Array.from(x, (v) => v / T);
  const [logP, logQ] = [logSoftmax64(cooled(z), k), logSoftmax64(cooled(teacher), k)];
  return Float64Array.from({ length: z.length / k }, (_, b) => {
    let kl = 0;
    for (let i = b * k; i < (b + 1) * k; i++) kl += Math.exp(logQ[i]) * (logQ[i] - logP[i]);
    return T * T * kl;
  });
}

export const labelsOf = (batch: number, k: number) => ({
  ...{ shape: [batch], dtype: "u32" as const, data: Array.from({ length: batch }, (_, b) => (7 * b + 1) % k) },
});

export const crossEntropyCase = (batch: number, k: number, smoothing: number): Check => ({
  inputs: { z: { shape: [batch, k], grad: true }, labels: labelsOf(batch, k) },
  op: ({ z, labels }, graph) => asOp(graph, crossEntropy(z, { labels, smoothing })),
  reference: ({ z, labels }) => withMean(crossEntropy64(z, smoothed(labels, k, smoothing), k)),
});

export const distillationCase = (batch: number, k: number, temperature: number): Check => ({
  inputs: { z: { shape: [batch, k], grad: true }, teacher: { shape: [batch, k] } },
  op: ({ z, teacher }, graph) => asOp(graph, distillation(z, teacher, temperature)),
  reference: ({ z, teacher }) => withMean(distillation64(z, teacher, k, temperature)),
});

function rowSums(x: Float64Array, batch: number, scale: number): Float64Array {
  const n = x.length / batch;
  return Float64Array.from({ length: batch }, (_, b) => scale * x.subarray(b * n, (b + 1) * n).reduce((a, v) => a + v, 0));
}

export const meanCase = (shape: number[]): Check => ({
  inputs: { x: { shape, grad: true } },
  op: ({ x }, graph) => asOp(graph, mean(x)),
  reference: ({ x }) => withMean(rowSums(x, shape[0], shape[0] / x.length)),
});

export const sumCase = (shape: number[]): Check => ({
  inputs: { x: { shape, grad: true } },
  op: ({ x }, graph) => asOp(graph, sum(x)),
  reference: ({ x }) => [[x.reduce((a, b) => a + b, 0)], rowSums(x, shape[0], 1)],
  tolerance: 2e-5,
});
