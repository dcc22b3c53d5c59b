/** Tails and quantiles that tests and intervals need, computed to about 1e-12 rather than looked up in tables. */

/** Standard normal quantile at 0.975: 95 % lie within this many standard deviations. */
export const Z95 = 1.959963984540054;

/** Coefficients of Lanczos' approximation for g = 7 (Godfrey, 2001). */
const LANCZOS = [
  ...[676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406],
  ...[12.507343278686905, -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7],
];

/** ln Gamma(x) for x >= 0.5. */
export function logGamma(x: number): number {
  const series = LANCZOS.reduce((sum, c, i) => sum + c / (x + i), 0.9999999999998099);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

/** Regularised incomplete beta function I_x(a, b) for a, b >= 0.5 and x in 0..1 (DLMF 8.17). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return Number(x >= 1);
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(front) / a) * betaFraction(x, a, b);
}

/** The continued fraction 1 / (1 + d1 / (1 + d2 / ...)) of DLMF 8.17.22, by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  let [value, c, d] = [1, 1, 0];
  for (let i = 1; i < 10_000; i++) {
    const m = i >> 1;
    const top = i % 2 ? -(a + m) * (a + b + m) : m * (b - m);
    const term = (top * x) / ((a + i - 1) * (a + i));
    d = 1 / (1 + term * d);
    c = 1 + term / c;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return 1 / value;
}

/** P(X <= k) of a binomial count X of `n` fair tosses, for whole k >= 0. */
export function fairBinomial(k: number, n: number): number {
  return k >= n ? 1 : incompleteBeta(0.5, n - k, k + 1);
}

/** P(X = k) of a binomial count X of `n` fair tosses. */
export function fairBinomialAt(k: number, n: number): number {
  return Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2);
}

/** P(T > t) of Student's t for t >= 0. */
export function studentTail(t: number, freedom: number): number {
  return 0.5 * incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** The t that Student's t of `freedom` degrees exceeds with probability `tail`, at most 1/2: by bisection. */
export function studentQuantile(tail: number, freedom: number): number {
  let [low, high] = [0, 1];
  while (studentTail(high, freedom) > tail) high *= 2;
  for (let i = 0; i < 100 && high - low > 1e-14 * high; i++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, freedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
