/** The Haar transform in float64, for tests. */

/** Signs of a block's four pixels in each band. */
export const SIGNS = [
  [1, 1, 1, 1],
  [1, 1, -1, -1],
  [1, -1, 1, -1],
  [1, -1, -1, 1],
];

/** Bands [B, h, w, 4, C] of one level. */
export function bands64(x: ArrayLike<number>, [batch, height, width, cols]: number[]): Float64Array {
  const [tall, wide] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const at = (b: number, i: number, j: number, c: number) => (i < height && j < width ? x[((b * height + i) * width + j) * cols + c] : 0);
  const out: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < tall; i++)
      for (let j = 0; j < wide; j++)
        for (const signs of SIGNS)
          for (let c = 0; c < cols; c++)
            out.push(signs.reduce((sum, s, k) => sum + 0.5 * s * at(b, 2 * i + (k >> 1), 2 * j + (k & 1), c), 0));
  return Float64Array.from(out);
}
