/** Colour jitter beside torchvision's formulas written out, with Python's colorsys for the hue. */
import { uniform } from "../../engine/random";
import type { Check } from "../evidence";
import { colourJitter } from "../jitter";

export const MOMENTS = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] };

const [SEED, STEP, STREAM] = [3, 7, 0x99];

const clamped = (v: number) => Math.min(1, Math.max(0, v));

const luma = ([r, g, b]: number[]) => 0.299 * r + 0.587 * g + 0.114 * b;

/** colorsys.rgb_to_hsv, the hue moved, colorsys.hsv_to_rgb. */
function turned64(rgb: number[], share: number): number[] {
  const [r, g] = rgb;
  const [most, least] = [Math.max(...rgb), Math.min(...rgb)];
  if (most === least) return rgb;
  const s = (most - least) / most;
  const [rc, gc, bc] = rgb.map((v) => (most - v) / (most - least));
  const sixth = r === most ? bc - gc : g === most ? 2 + rc - bc : 4 + gc - rc;
  const h = (((sixth / 6 + share) % 1) + 1) % 1;
  const i = Math.floor(6 * h);
  const f = 6 * h - i;
  const [p, q, t] = [most * (1 - s), most * (1 - s * f), most * (1 - s * (1 - f))];
  return [
    [most, t, p],
    [q, most, p],
    [p, most, t],
    [p, q, most],
    [t, p, most],
    [most, p, q],
  ][i % 6];
}

function jitter64(images: Float64Array, [batch, channels, side]: number[], strength: number, grey: number): Float64Array {
  const area = side * side;
  const out = new Float64Array(images.length);
  for (let b = 0; b < batch; b++) {
    const draw = (i: number) => uniform(SEED, STREAM, STEP, 6 * b + i);
    const factor = (i: number, most: number) => (draw(0) < 0.8 ? 1 + strength * most * (2 * draw(i) - 1) : 1);
    const at = (pixel: number, c: number) => (b * channels + Math.min(c, channels - 1)) * area + pixel;
    const moment = (values: number[], c: number) => values[Math.min(c, channels - 1)];
    const bright = Array.from({ length: area }, (_, pixel) =>
      [0, 1, 2].map((c) => {
        const u = clamped(images[at(pixel, c)] * moment(MOMENTS.std, c) + moment(MOMENTS.mean, c));
        return clamped(factor(1, 0.4) * u);
      }),
    );
    const middle = bright.reduce((sum, colour) => sum + luma(colour) / area, 0);
    const mixed = (from: number, to: number, share: number) => clamped(from + (to - from) * share);
    for (const [pixel, colour] of bright.entries()) {
      let c = colour.map((v) => mixed(middle, v, factor(2, 0.4)));
      if (channels === 3) {
        const own = luma(c);
        c = c.map((v) => mixed(own, v, factor(3, 0.2)));
        c = turned64(c, factor(4, 0.1) - 1);
        if (draw(5) < grey) c = [luma(c), luma(c), luma(c)];
      }
      for (let k = 0; k < channels; k++) out[at(pixel, k)] = (c[k] - MOMENTS.mean[k]) / MOMENTS.std[k];
    }
  }
  return out;
}

export const jitterCase = (shape: number[], strength: number, grey: number): Check => ({
  inputs: { images: { shape } },
  op: ({ images }) => colourJitter(images, { seed: SEED, step: STEP, stream: STREAM, strength, grey, moments: MOMENTS }),
  reference: ({ images }) => [jitter64(images, shape, strength, grey)],
  // The hue of nearly grey pixels is a quotient of small numbers.
  tolerance: 1e-4,
});
