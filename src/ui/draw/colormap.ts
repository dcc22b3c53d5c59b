/**
 * Viridis, baked into 256 entries: even steps look even, also in grey and to colour-blind eyes. The polynomial fit of the
 * colour map is Matt Zucker's (public domain).
 */
const COEFFICIENTS = [
  [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
  [0.1050930431085774, 1.404613529898575, 1.384590162594685],
  [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
  [-4.634230498983486, -5.799100973351585, -19.33244095627987],
  [6.228269936347081, 14.17993336680509, 56.69055260068105],
  [4.776384997670288, -13.74514537774601, -65.35303263337234],
  [-5.435455855934631, 4.645852612178535, 26.3124352495832],
];

const channel = (t: number, c: number) => COEFFICIENTS.reduceRight((sum, row) => sum * t + row[c], 0);

const TABLE = Array.from({ length: 256 }, (_, i) => {
  const [r, g, b] = [0, 1, 2].map((c) => Math.round(255 * Math.min(1, Math.max(0, channel(i / 255, c)))));
  return `rgb(${r} ${g} ${b})`;
});

/** Colour of a value in 0..1; others are clamped. */
export function colour(value: number): string {
  return TABLE[Math.round(255 * Math.min(1, Math.max(0, value || 0)))];
}

/** The map as a CSS gradient, for legends. */
export const GRADIENT = `linear-gradient(to right, ${[0, 64, 128, 192, 255].map((i) => TABLE[i]).join(", ")})`;

/** Blue for less, orange for more, darker the further from the middle: colour-blind eyes can tell them apart, too. */
const [LESS, EVEN, MORE] = [
  [22, 88, 158],
  [247, 247, 245],
  [178, 80, 8],
];

const DIVERGING = Array.from({ length: 255 }, (_, i) => {
  const t = i / 127 - 1;
  const end = t < 0 ? LESS : MORE;
  return `rgb(${EVEN.map((even, c) => Math.round(even + (end[c] - even) * Math.abs(t))).join(" ")})`;
});

/** Colour of a value in -1..1; others are clamped. */
export function diverging(value: number): string {
  return DIVERGING[Math.round(127 * (1 + Math.min(1, Math.max(-1, value || 0))))];
}

export const DIVERGING_GRADIENT = `linear-gradient(to right, ${[0, 63, 127, 191, 254].map((i) => DIVERGING[i]).join(", ")})`;
