/** Figures about how often patch positions are kept. */

/** Entropy of the shares as a part of the greatest possible: 1 when all positions are kept alike. */
export function evenness(rates: ArrayLike<number>): number {
  const values = Array.from(rates);
  const sum = values.reduce((a, b) => a + b, 0);
  if (sum === 0 || values.length < 2) return 1;
  const entropy = values.reduce((h, v) => (v > 0 ? h - (v / sum) * Math.log(v / sum) : h), 0);
  return entropy / Math.log(values.length);
}

/** Mean over inner positions divided by the mean over the outermost ring of the square grid. */
export function borderRatio(rates: ArrayLike<number>): number {
  const across = Math.sqrt(rates.length);
  const sums = { border: 0, centre: 0 };
  for (let i = 0; i < rates.length; i++) {
    const [x, y] = [i % across, Math.floor(i / across)];
    const outer = x === 0 || y === 0 || x === across - 1 || y === across - 1;
    sums[outer ? "border" : "centre"] += rates[i];
  }
  const inside = (across - 2) ** 2;
  return sums.centre / inside / (sums.border / (rates.length - inside));
}
