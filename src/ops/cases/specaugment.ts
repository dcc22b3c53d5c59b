/** SpecAugment beside torchaudio's rule written out, for the same draws. */
import { uniform } from "../../engine/random";
import type { Check } from "../evidence";
import { specAugment } from "../specaugment";

export const [BATCH, CHANNELS, BANDS, FRAMES] = [5, 2, 8, 12];

export const FILL = -7;

/** Whether a place is masked: torchaudio's `mask_along_axis` for draws u and v. */
function masked(at: number, size: number, most: number, u: number, v: number): boolean {
  const value = u * most;
  const start = Math.floor(v * (size - value));
  return at >= start && at < start + Math.floor(value);
}

export function expected(values: ArrayLike<number>, bands: number, frames: number, step: number): number[] {
  return Array.from(values, (value, i) => {
    const frame = i % FRAMES;
    const band = Math.floor(i / FRAMES) % BANDS;
    const image = Math.floor(i / FRAMES / BANDS / CHANNELS);
    const draw = (n: number) => uniform(3, 0x320, step, 4 * image + n);
    return masked(band, BANDS, bands, draw(0), draw(1)) || masked(frame, FRAMES, frames, draw(2), draw(3)) ? FILL : value;
  });
}

/** Fewer than so many bands and frames are masked. */
export const specAugmentCase = (bands: number, frames: number): Check => ({
  inputs: { pictures: { shape: [BATCH, CHANNELS, BANDS, FRAMES] } },
  op: ({ pictures }) => specAugment(pictures, { seed: 3, step: 2, bands, frames, fill: FILL }),
  reference: ({ pictures }) => [expected(pictures, bands, frames, 2)],
  tolerance: 1e-6,
});
