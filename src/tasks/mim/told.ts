/** What is told of hidden patches, as pixels: MAE's pictures. */
import type { Moments } from "../../data/dataset";

/** Images u8 [n, C, S, S] that are cut into patches. */
export interface Patched {
  images: Uint8Array;
  side: number;
  channels: number;
  patch: number;
  moments: Moments;
  /** In which order the pixels of a told patch come: channel by channel, or pixel by pixel. */
  pixels: "planes" | "interleaved";
}

export interface ToldPatches {
  /** Of every patch, f32 [n N, C P P]. */
  told: Float32Array;
  /** Those that were seen, u32 [n * k]. */
  kept: Uint32Array;
  /** Whether each is told less its mean, over its deviation: it gets those of the real one back, which the network does not know. */
  normalised: boolean;
}

/** The images with what is told in place of hidden patches. */
export function toldImages(patched: Patched, { told, kept, normalised }: ToldPatches): Uint8Array {
  const { images, side, channels, patch, moments, pixels } = patched;
  const across = side / patch;
  const count = across ** 2;
  const n = images.length / (channels * side ** 2);
  const seen = new Set(Array.from(kept, (cell, i) => Math.floor((i * n) / kept.length) * count + cell));
  const out = images.slice();
  for (let row = 0; row < n * count; row++) {
    if (seen.has(row)) continue;
    const places = placesOf(row, { side, channels, patch, pixels });
    const channel = (i: number) => (pixels === "planes" ? Math.floor(i / patch ** 2) : i % channels);
    const own = places.map((at, i) => (images[at] / 255 - moments.mean[channel(i)]) / moments.std[channel(i)]);
    const { mean, deviation } = normalised ? spread(own) : { mean: 0, deviation: 1 };
    for (const [i, at] of places.entries()) {
      const value = told[row * places.length + i] * deviation + mean;
      out[at] = Math.min(255, Math.max(0, Math.round(255 * (value * moments.std[channel(i)] + moments.mean[channel(i)]))));
    }
  }
  return out;
}

/** Where the pixels of patch `row` of all lie in the images, line by line, in the order in which they are told. */
function placesOf(row: number, { side, channels, patch, pixels }: Omit<Patched, "images" | "moments">): number[] {
  const across = side / patch;
  const [image, cell] = [Math.floor(row / across ** 2), row % across ** 2];
  const [top, left] = [Math.floor(cell / across) * patch, (cell % across) * patch];
  return Array.from({ length: channels * patch ** 2 }, (_, i) => {
    const [c, pixel] = pixels === "planes" ? [Math.floor(i / patch ** 2), i % patch ** 2] : [i % channels, Math.floor(i / channels)];
    const [y, x] = [Math.floor(pixel / patch), pixel % patch];
    return ((image * channels + c) * side + top + y) * side + left + x;
  });
}

function spread(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.sqrt(variance + 1e-6) };
}
