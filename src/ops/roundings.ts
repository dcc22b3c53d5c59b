/** Rounding to f16, and how far it may lead results astray. */

/** The least number that is no multiple of f16's smallest; numbers below it are coarser than others. */
const LEAST_NORMAL = 2 ** -14;

/** The number of f16 next to x, for |x| up to 65,504. */
export function halfOf(x: number): number {
  const unit = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(x), LEAST_NORMAL))) - 10);
  const parts = x / unit;
  const below = Math.floor(parts);
  const rest = parts - below;
  return unit * (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below);
}

/** Of f16: half the distance of 1 to the next number. */
export const ROUNDOFF = 2 ** -11;

/** A right kernel is called wrong once in so many proofs, at most. */
const SELDOM = 1e6;

/**
 * How far numbers may be off that are made from exact ones by sums of products, where every term is rounded to f16 `roundings` times on its
 * way, R, through all the sums that lead to it. `results` are the numbers without any rounding; those below 1 are compared as if they were 1.
 *
 * A rounding multiplies with 1 + d, |d| <= u = 2^-11. The d are taken as independent and uniform, of a standard deviation of at most u / √3. To
 * first order a sum of terms t is off by the sum of t (d_1 + ... + d_R), whose standard deviation is at most u √(R / 3) √(sum of t²). Terms of
 * random signs have, on average, a sum of squares that is the square of their sum: √(sum of t²) is the root mean square of the results, √n of
 * that of a term for sums of n. Of N results the largest error is then below
 *
 *     λ u √(R / 3) max(1, rms of the results),    λ = √(2 ln(2 N / p)),
 *
 * but for a probability p, here one in a million: each exceeds λ standard deviations with at most 2 exp(-λ² / 2), as sums of uniform numbers do
 * (E exp(x d) <= exp(x² u² / 6)). The bound that is certain has n in place of √n.
 *
 * Source: Higham and Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41(5), 2019.
 */
export function straying(roundings: number, results: ArrayLike<number>): number {
  const squares = Array.from(results).reduce((sum, v) => sum + v * v, 0);
  const deviations = Math.sqrt(2 * Math.log(2 * SELDOM * results.length));
  return deviations * ROUNDOFF * Math.sqrt(roundings / 3) * Math.max(1, Math.sqrt(squares / results.length));
}
