/** Augmentation on the GPU. */
import type { Live, Tensor } from "../engine/graph";
import { randomScores } from "./select";

/** Tells these draws from other uses of the same seed. */
const STREAM = 0x300;

/** Images [B, C, side, side], each shifted by up to an eighth of the side and mirrored at random. No gradient. */
export function shiftAndMirror(images: Tensor, random: { seed: number; step: Live | number }): Tensor {
  const [batch, channels, side] = images.shape;
  const draws = randomScores(images.graph, [batch, 3], { ...random, stream: STREAM });
  const out = images.graph.temp(images.shape);
  images.graph.launch("augment", "shift_and_mirror", {
    bind: { images, draws, out },
    params: { batch, channels, side, reach: Math.floor(side / 8) },
    threads: out.size,
  });
  return out;
}
