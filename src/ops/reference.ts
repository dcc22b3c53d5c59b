/** Float64 references that more than one test needs, or the verification of an adapter. Slow and obvious on purpose. */

/** C = A B for A [m,k], B [k,n]. */
export function matmul64(a: ArrayLike<number>, b: ArrayLike<number>, m: number, k: number, n: number): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) for (let x = 0; x < k; x++) c[i * n + j] += a[i * k + x] * b[x * n + j];
  return c;
}

/** [m,n] -> [n,m]. */
export function transpose64(a: ArrayLike<number>, m: number, n: number): Float64Array {
  return Float64Array.from({ length: m * n }, (_, i) => a[(i % m) * n + Math.floor(i / m)]);
}

/** erf by its Taylor series (|x| < 3) or continued fraction; about 1e-15. */
export function erf64(x: number): number {
  const z = Math.abs(x);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-18; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let f = 0;
  for (let n = 60; n > 0; n--) f = n / 2 / (z + f);
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + f)));
}

export const gelu64 = (x: number): number => 0.5 * x * (1 + erf64(x / Math.SQRT2));

/** LayerNorm of rows of d. */
export function layerNorm64(x: ArrayLike<number>, gamma: ArrayLike<number>, beta: ArrayLike<number>, d: number, eps: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let r = 0; r < x.length; r += d) {
    const row = Array.from({ length: d }, (_, c) => x[r + c]);
    const mean = row.reduce((a, b) => a + b, 0) / d;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / d;
    for (let c = 0; c < d; c++) y[r + c] = ((row[c] - mean) / Math.sqrt(variance + eps)) * gamma[c] + beta[c];
  }
  return y;
}

export interface AttentionDims {
  batch: number;
  heads: number;
  headDim: number;
  queries: number;
  keys: number;
}

/** Probabilities [batch, heads, queries, keys] from accessors of q and k. */
export function probabilities(
  d: AttentionDims,
  q: (b: number, i: number, c: number) => number,
  k: (b: number, j: number, c: number) => number,
): number[][] {
  const rows: number[][] = [];
  for (let b = 0; b < d.batch; b++)
    for (let h = 0; h < d.heads; h++)
      for (let i = 0; i < d.queries; i++) {
        const s = Array.from({ length: d.keys }, (_, j) => {
          let sum = 0;
          for (let c = h * d.headDim; c < (h + 1) * d.headDim; c++) sum += q(b, i, c) * k(b, j, c);
          return sum / Math.sqrt(d.headDim);
        });
        const top = Math.max(...s);
        const e = s.map((v) => Math.exp(v - top));
        const total = e.reduce((a, v) => a + v, 0);
        rows.push(e.map((v) => v / total));
      }
  return rows;
}

/** Attention by those probabilities, [batch, queries, heads * headDim]. */
export function attention64(d: AttentionDims, p: number[][], v: (b: number, j: number, c: number) => number): Float64Array {
  const inner = d.heads * d.headDim;
  const out = new Float64Array(d.batch * d.queries * inner);
  for (let b = 0; b < d.batch; b++)
    for (let i = 0; i < d.queries; i++)
      for (let c = 0; c < inner; c++) {
        const row = p[(b * d.heads + Math.floor(c / d.headDim)) * d.queries + i];
        for (let j = 0; j < d.keys; j++) out[(b * d.queries + i) * inner + c] += row[j] * v(b, j, c);
      }
  return out;
}

/** Accessor of a column range of a matrix [batch * tokens, stride], for the two above. */
export const column = (m: ArrayLike<number>, tokens: number, stride: number, from: number) => (b: number, i: number, c: number) =>
  m[(b * tokens + i) * stride + from + c];

/** A convolution of maps x [B, H, W, C] into `out` channels. */
export interface ConvDims {
  x: [number, number, number, number];
  out: number;
  kernel: number;
  stride?: number;
  padding?: number;
}

/** Convolution: sums written as the definition has them. */
export function conv64(x: Float64Array, w: Float64Array, o: ConvDims): { y: Float64Array; shape: number[] } {
  const [batch, height, width, channels] = o.x;
  const { kernel: k, out, stride = 1, padding = (k - 1) / 2 } = o;
  const [oh, ow] = [height, width].map((side) => Math.floor((side + 2 * padding - k) / stride) + 1);
  const shape = [batch, oh, ow, out];
  const y = Float64Array.from({ length: batch * oh * ow * out }, (_, at) => {
    const [o1, pixel] = [at % out, Math.floor(at / out)];
    const [px, py, b] = [pixel % ow, Math.floor(pixel / ow) % oh, Math.floor(pixel / (ow * oh))];
    let sum = 0;
    for (let ky = 0; ky < k; ky++)
      for (let kx = 0; kx < k; kx++) {
        const [iy, ix] = [py * stride + ky - padding, px * stride + kx - padding];
        if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
        const [from, tap] = [((b * height + iy) * width + ix) * channels, ((o1 * k + ky) * k + kx) * channels];
        for (let c = 0; c < channels; c++) sum += x[from + c] * w[tap + c];
      }
    return sum;
  });
  return { y, shape };
}
