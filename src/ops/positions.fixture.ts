/** Bicubic interpolation of position embeddings in float64. */

/** Keys' kernel with a = -3/4. */
function cubic(distance: number): number {
  const [d, a] = [Math.abs(distance), -0.75];
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
}

/** By the definition: every output reads sixteen places, those beyond the border at the border. */
export function positions64(x: ArrayLike<number>, from: number, to: number, width: number): Float64Array {
  const out = new Float64Array((1 + to * to) * width);
  const border = (at: number) => Math.min(from - 1, Math.max(0, at));
  for (let c = 0; c < width; c++) {
    out[c] = x[c];
    for (let o = 0; o < to * to; o++) {
      const [y, z] = [Math.floor(o / to), o % to].map((at) => ((at + 0.5) * from) / to - 0.5);
      for (let a = Math.floor(y) - 1; a <= Math.floor(y) + 2; a++)
        for (let b = Math.floor(z) - 1; b <= Math.floor(z) + 2; b++)
          out[(1 + o) * width + c] += cubic(y - a) * cubic(z - b) * x[(1 + border(a) * from + border(b)) * width + c];
    }
  }
  return out;
}
