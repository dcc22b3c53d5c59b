/**
 * Proposition 1 of MaskedKD (appendix K), measured: how differently an untrained class token attends to two tokens. With c, W_q and W_k
 * drawn from N(0, 1/d), f(x) = (W_q c) . (W_k x) / sqrt(d). The paper bounds E|f(x) - f(y)| by C log log d / sqrt(d) |x - y|. The decay that
 * one measures is faster: sqrt(2 / pi) / d.
 */
import { normal } from "../engine/random";

/** |f(x) - f(y)| / |x - y| for one draw of c, W_q and W_k, and of the direction from x to y. */
export function attentionGap(d: number, seed: number): number {
  const scale = 1 / Math.sqrt(d);
  const drawn = (stream: number, count: number) => Float64Array.from({ length: count }, (_, i) => normal(seed, stream, d, i));
  const [c, direction] = [drawn(0, d).map((z) => scale * z), drawn(1, d)];
  const length = Math.hypot(...direction);
  const [query, key] = [times(drawn(2, d * d), c), times(drawn(3, d * d), direction)];
  const dot = query.reduce((sum, value, i) => sum + value * key[i], 0);
  return Math.abs((scale * scale * dot) / length) * scale;
}

/** Product of a matrix [d, d], row-major, and a vector. */
function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const d = vector.length;
  return vector.map((_, row) => {
    let sum = 0;
    for (let i = 0; i < d; i++) sum += matrix[row * d + i] * vector[i];
    return sum;
  });
}

/** Largest singular value of a matrix [d, d] drawn from N(0, 1/d), by power iteration; close to 2, whatever d. */
export function spectralNorm(d: number, seed: number, iterations = 60): number {
  const matrix = Float64Array.from({ length: d * d }, (_, i) => normal(seed, 0, d, i) / Math.sqrt(d));
  const transposed = Float64Array.from({ length: d * d }, (_, i) => matrix[(i % d) * d + Math.floor(i / d)]);
  let vector = Float64Array.from({ length: d }, (_, i) => normal(seed, 1, d, i));
  for (let n = 0; n < iterations; n++) {
    const next = times(transposed, times(matrix, vector));
    const size = Math.hypot(...next);
    vector = next.map((value) => value / size);
  }
  return Math.hypot(...times(matrix, vector));
}

/** What the gap comes to on average: sqrt(2 / pi) / d, for a query and a key of independent normal numbers. */
export const expectedGap = (d: number): number => Math.sqrt(2 / Math.PI) / d;

/** The paper's bound without its constant. */
export const boundShape = (d: number): number => Math.log(Math.log(d)) / Math.sqrt(d);
