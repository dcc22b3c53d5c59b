/** Ops of the kernels that have variants, each beside its float64 reference: for their tests, and for verifying an adapter. */
import { crossAttention, selfAttention } from "../attention";
import { type ConvOptions, conv2d } from "../conv";
import type { Check } from "../evidence";
import { linear } from "../linear";
import { layerNorm } from "../norm";
import {
  type AttentionDims,
  attention64,
  type ConvDims,
  column,
  conv64,
  gelu64,
  layerNorm64,
  matmul64,
  probabilities,
  transpose64,
} from "../reference";

interface ProductDims {
  m: number;
  n: number;
  k: number;
}

/** A linear layer with bias: products in the three layouts. */
export const linearCase = ({ m, n, k }: ProductDims): Check => ({
  inputs: { x: { shape: [m, k], grad: true }, w: { shape: [n, k], grad: true }, b: { shape: [n], grad: true } },
  op: ({ x, w, b }) => linear(x, w, { bias: b }),
  reference: ({ x, w, b }) => [matmul64(x, transpose64(w, n, k), m, k, n).map((v, i) => v + b[i % n])],
});

/** Two linear layers with bias, an activation between them, and a residual: every epilogue. */
export function perceptronCase(activation: "gelu" | "relu", { m, n, k }: ProductDims): Check {
  const act = activation === "gelu" ? gelu64 : (z: number) => Math.max(z, 0);
  const grad = true;
  return {
    inputs: {
      x: { shape: [m, k], grad },
      w: { shape: [n, k], grad },
      b: { shape: [n], grad },
      v: { shape: [k, n], grad },
      c: { shape: [k], grad },
    },
    op: ({ x, w, b, v, c }) => linear(linear(x, w, { bias: b, activation }), v, { bias: c, residual: x }),
    reference: ({ x, w, b, v, c }) => {
      const hidden = matmul64(x, transpose64(w, n, k), m, k, n).map((z, i) => act(z + b[i % n]));
      return [matmul64(hidden, transpose64(v, k, n), m, n, k).map((y, i) => y + c[i % k] + x[i])];
    },
  };
}

/** An activation whose output is the result: its derivative is applied by no product. */
export const activatedCase = ({ m, n, k }: ProductDims): Check => ({
  inputs: { x: { shape: [m, k], grad: true }, w: { shape: [n, k], grad: true } },
  op: ({ x, w }) => linear(x, w, { activation: "gelu" }),
  reference: ({ x, w }) => [matmul64(x, transpose64(w, n, k), m, k, n).map(gelu64)],
});

/** A convolution with bias: products that gather their rows. */
export function convolutionCase(o: ConvDims, options: ConvOptions = {}): Check {
  const { kernel, stride, padding, out } = o;
  return {
    inputs: { x: { shape: o.x, grad: true }, w: { shape: [out, kernel, kernel, o.x[3]], grad: true }, b: { shape: [out], grad: true } },
    op: ({ x, w, b }) => conv2d(x, w, { bias: b, stride, padding, ...options }),
    reference: ({ x, w, b }) => {
      const y = conv64(x, w, o).y.map((v, i) => v + b[i % out]);
      return [options.activation ? y.map((v) => Math.max(v, 0)) : y];
    },
  };
}

/** Attention of tokens among themselves. */
export function selfAttentionCase(d: AttentionDims): Check {
  const inner = d.heads * d.headDim;
  return {
    inputs: { qkv: { shape: [d.batch * d.keys, 3 * inner], grad: true } },
    op: ({ qkv }) => selfAttention(qkv, d).out,
    reference: ({ qkv }) => {
      const part = (from: number) => column(qkv, d.keys, 3 * inner, from);
      return [attention64(d, probabilities(d, part(0), part(inner)), part(2 * inner))];
    },
  };
}

/** Attention of queries to other tokens. */
export function crossAttentionCase(d: AttentionDims): Check {
  const { batch, queries, keys } = d;
  const inner = d.heads * d.headDim;
  return {
    inputs: { q: { shape: [batch * queries, inner], grad: true }, kv: { shape: [batch * keys, 2 * inner], grad: true } },
    op: ({ q, kv }) => crossAttention(q, kv, d).out,
    reference: ({ q, kv }) => {
      const p = probabilities(d, column(q, queries, inner, 0), column(kv, keys, 2 * inner, 0));
      return [attention64(d, p, column(kv, keys, 2 * inner, inner))];
    },
  };
}

/** LayerNorm of n rows of d. */
export const layerNormCase = (n: number, d: number): Check => ({
  inputs: { x: { shape: [n, d], grad: true }, gamma: { shape: [d], grad: true }, beta: { shape: [d], grad: true } },
  op: ({ x, gamma, beta }) => layerNorm(x, gamma, beta, 1e-5),
  reference: ({ x, gamma, beta }) => [layerNorm64(x, gamma, beta, d, 1e-5)],
  tolerance: 2e-5,
});
