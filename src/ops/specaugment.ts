/** SpecAugment on the GPU; see shaders/specaugment.wgsl. */
import type { Live, Tensor } from "../engine/graph";
import { randomScores } from "./select";

export interface SpecAugmentOptions {
  seed: number;
  /** Fresh draws for each value. */
  step: Live | number;
  /** Masks are narrower than so many bands, or frames; 1 and less mask nothing. */
  bands: Live | number;
  frames: Live | number;
  /** What masked places become. */
  fill: number;
}

/** Keeps the draws apart from other uses of the same seed. */
const STREAM = 0x320;

/**
 * Pictures of sounds [B, C, bands, frames], each with one range of bands and one of frames masked: as wide as a uniform draw below the
 * limits says, rounded down, at a uniform place (Park et al. 2019; torchaudio's FrequencyMasking and TimeMasking). No gradient.
 */
export function specAugment(pictures: Tensor, { seed, step, bands, frames, fill }: SpecAugmentOptions): Tensor {
  const { graph, shape } = pictures;
  const [batch, channels, rows, columns] = shape;
  const draws = randomScores(graph, [batch, 4], { seed, step, stream: STREAM });
  const out = graph.temp(shape);
  const params = { batch, channels, rows, columns, most_rows: bands, most_columns: frames, fill };
  graph.launch("specaugment", "mask", { bind: { pictures, draws, out }, params, threads: out.size });
  return out;
}
