/** Colour jitter on the GPU; see shaders/jitter.wgsl. */
import type { Live, Tensor } from "../engine/graph";
import type { Draws, Moments } from "./augment";
import { randomScores } from "./select";

export interface JitterOptions extends Draws {
  /** Keeps the draws apart from other uses of the same seed. */
  stream: number;
  /** 1 for DINO's ranges, 0 for no change of colour. */
  strength: Live | number;
  /** Share of the images that become grey. */
  grey: Live | number;
  moments: Moments;
}

/** Draws per image. */
const DRAWS = 6;

/**
 * Normalised images [B, C, side, side] in other brightness, contrast, saturation and hue, and some of them in grey; each decided by
 * itself. Of one channel only brightness and contrast change. No gradient. Throws for other than one or three channels.
 */
export function colourJitter(images: Tensor, { moments, strength, grey, ...random }: JitterOptions): Tensor {
  const { graph, shape } = images;
  const [batch, channels, side] = shape;
  if (channels !== 1 && channels !== 3) throw new Error(`colourJitter: images have ${channels} channels, not 1 or 3`);
  const at = (values: readonly number[], i: number) => values[Math.min(i, channels - 1)];
  const { mean, std } = moments;
  const params = {
    ...{ batch, channels, side, strength, grey },
    ...{ mean_0: at(mean, 0), mean_1: at(mean, 1), mean_2: at(mean, 2) },
    ...{ deviation_0: at(std, 0), deviation_1: at(std, 1), deviation_2: at(std, 2) },
  };
  const draws = randomScores(graph, [batch, DRAWS], random);
  const row_greys = graph.temp([batch, side]);
  graph.launch("jitter", "greys", { bind: { images, draws, out: row_greys }, params, threads: row_greys.size });
  const out = graph.temp(shape);
  graph.launch("jitter", "jitter", { bind: { images, draws, row_greys, out }, params, threads: batch * side * side });
  return out;
}
