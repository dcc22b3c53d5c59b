/** Losses of features beside float64. */
import { type Check, randoms } from "../evidence";
import { cosineDistance, distanceLoss, divergenceLoss, type ErrorOptions, errorLoss, mix, products } from "../features";
import { asOp } from "../losses.fixture";
import { logSoftmax64, softmax64 } from "../softmax.fixture";

export const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

const errors: Record<NonNullable<ErrorOptions["power"]>, (d: number, beta: number) => number> = {
  square: (d) => d * d,
  absolute: Math.abs,
  smooth: (d, beta) => (Math.abs(d) < beta ? (0.5 * d * d) / beta : Math.abs(d) - beta / 2),
};

/** 1 - cosine of the sums of products over `pixels`. */
export function distance64(u: ArrayLike<number>, v: ArrayLike<number>, cols: number, pixels: number[]): number {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    pixels.reduce((sum, p) => sum + Array.from({ length: cols }, (_, c) => a[p * cols + c] * b[p * cols + c]).reduce((x, y) => x + y), 0);
  return 1 - dot(u, v) / Math.sqrt(dot(u, u) * dot(v, v));
}

interface Spec {
  kind: "softmax" | "bernoulli";
  classes: number;
  T: number;
}

/** Mean over groups of KL(teacher || student) T^2, for each row of `cols` logits. */
export function divergence64(s: ArrayLike<number>, t: ArrayLike<number>, cols: number, { kind, classes, T }: Spec): Float64Array {
  const cool = (z: ArrayLike<number>) => Array.from(z, (v) => v / T);
  const [q, logP, logQ] = [softmax64(cool(t), classes), logSoftmax64(cool(s), classes), logSoftmax64(cool(t), classes)];
  const coin = (i: number) => {
    const [a, b] = [sigmoid(t[i] / T), sigmoid(s[i] / T)];
    return a * Math.log(a / b) + (1 - a) * Math.log((1 - a) / (1 - b));
  };
  const term = (i: number) => (kind === "softmax" ? q[i] * (logQ[i] - logP[i]) : coin(i));
  return Float64Array.from({ length: s.length / cols }, (_, row) => {
    let sum = 0;
    for (let i = row * cols; i < (row + 1) * cols; i++) sum += term(i);
    return (T * T * sum * classes) / cols;
  });
}

const positive = (count: number, seed: number) => randoms(count, seed).map(Math.abs);

/** Weighted by pixels and by channels of each image. */
export function errorCase(power: NonNullable<ErrorOptions["power"]>, beta = 1, cols = 7): Check {
  const [batch, pixels] = [3, 5];
  const shape = [batch, pixels, cols];
  return {
    inputs: {
      s: { shape, grad: true, data: randoms(batch * pixels * cols, 2).map((v) => 2 * v) },
      t: { shape, grad: true },
      w: { shape: [batch, pixels], data: positive(batch * pixels, 3) },
      v: { shape: [batch, cols], data: positive(batch * cols, 4) },
    },
    op: ({ s, t, w, v }, graph) => asOp(graph, errorLoss(s, t, { power, beta, scale: 0.3, rows: w, channels: v })),
    reference: ({ s, t, w, v }) => {
      const terms = [...s].map((_, i) => {
        const row = Math.floor(i / cols);
        return w[row] * v[Math.floor(row / pixels) * cols + (i % cols)] * errors[power](s[i] - t[i], beta);
      });
      return [[0.3 * terms.reduce((a, b) => a + b)]];
    },
  };
}

/** By learned shares. */
export const mixCase = (rows: number, cols: number): Check => ({
  inputs: {
    ...{ a: { shape: [rows, cols], grad: true }, b: { shape: [rows, cols], grad: true } },
    s: { shape: [1], data: [-0.2], grad: true },
  },
  op: ({ a, b, s }) => mix(a, b, { learned: s }),
  reference: ({ a, b, s }) => [a.map((v, i) => sigmoid(s[0]) * v + sigmoid(-s[0]) * b[i])],
});

export function cosineCase(shape: number[]): Check {
  const cols = shape[shape.length - 1];
  return {
    inputs: { u: { shape, grad: true }, v: { shape, grad: true } },
    op: ({ u, v }) => cosineDistance(products(u, v)),
    reference: ({ u, v }) => [Float64Array.from({ length: u.length / cols }, (_, row) => distance64(u, v, cols, [row]))],
  };
}

/** Weighted; the weights learn too. */
export function divergenceCase(shape: number[], spec: Spec): Check {
  const cols = shape[shape.length - 1];
  return {
    inputs: { s: { shape, grad: true }, t: { shape }, w: { shape: shape.slice(0, -1), grad: true } },
    op: ({ s, t, w }, graph) => {
      const loss = divergenceLoss(s, t, { ...spec, temperature: spec.T, weights: w, scale: 0.7 });
      return [asOp(graph, loss), loss.kl];
    },
    reference: ({ s, t, w }) => {
      const kl = divergence64(s, t, cols, spec);
      return [[0.7 * kl.reduce((sum, v, i) => sum + v * w[i], 0)], kl];
    },
  };
}

/** The mean distance of rows [.., D] from the teacher's. */
export const rowDistanceCase = (shape: number[]): Check => ({
  inputs: { s: { shape, grad: true }, t: { shape } },
  op: ({ s, t }, graph) => asOp(graph, distanceLoss(s, t)),
  reference: ({ s, t }) => {
    const cols = shape[shape.length - 1];
    const count = s.length / cols;
    const rows = Array.from({ length: count }, (_, r) =>
      Math.hypot(...Array.from({ length: cols }, (_, c) => s[cols * r + c] - t[cols * r + c])),
    );
    return [[rows.reduce((a, b) => a + b) / count]];
  },
});
