/** A ViT adapted to the pixels of a data set, whatever it answers. */
import type { Moments, Pictures } from "../data/dataset";
import { EngineError } from "../engine/errors";
import type { Weight, Weights } from "../models/weights";
import type { Network } from "./vitNetwork";

/** Rec. 601 luma, by which decoders make colour gray. */
const LUMA = [0.299, 0.587, 0.114];

/**
 * The network as if it had been trained on images normalised as this data set's are; of its answers and the images' size
 * nothing is asked. What it does to an image stays the same: its patch embedding takes over the difference. Throws an EngineError where the
 * difference is beyond what numbers hold.
 */
export function suited(network: Network, dataset: Pictures): Network {
  const weights = new Map(network.weights);
  embed(weights, network.moments, dataset.moments);
  if (EMBEDDING.some((key) => weights.get(key)?.data.some((v) => !Number.isFinite(v))))
    throw new EngineError(...beyondNumbers(network, dataset));
  return { ...network, weights, config: { ...network.config, channels: dataset.channels } };
}

/** What embeds patches: it depends on how images are normalised. */
export const EMBEDDING = ["patch_embed.proj.weight", "patch_embed.proj.bias"];

function beyondNumbers({ name, moments }: Network, dataset: Pictures): [what: string, remedy: string] {
  const told = ({ mean, std }: Moments) => `a mean of ${mean.map(short).join(", ")} and a deviation of ${std.map(short).join(", ")}`;
  return [
    `${name} was made for images with ${told(moments ?? dataset.moments)}; on this data's, with ${told(dataset.moments)}, its patch embedding comes to no numbers.`,
    "Correct what its file says of its images, or choose another file.",
  ];
}

const short = (value: number) => String(Number(value.toPrecision(3)));

/**
 * The network's channel j wants (sum_c mix[j][c] p_c - mean_j) / std_j of pixels p, and is given x_c = (p_c - mean'_c) / std'_c:
 * a linear map of x, which the embedding's kernel and bias take over.
 */
function embed(weights: Weights, own: Moments | undefined, given: Moments): void {
  const { shape, data } = weights.get("patch_embed.proj.weight") as Weight;
  const [width, channels, patch] = shape;
  const mix = mixing(channels, given.mean.length);
  const mixed = (values: number[]) => mix.map((row) => row.reduce((sum, share, c) => sum + share * values[c], 0));
  const { mean, std } = own ?? { mean: mixed(given.mean), std: mixed(given.std) };
  if (!own && channels === given.mean.length) return;
  const area = patch * patch;
  const kernel = new Float32Array(width * given.mean.length * area);
  const bias = (weights.get("patch_embed.proj.bias") as Weight).data.slice();
  const shift = mixed(given.mean).map((m, j) => (m - mean[j]) / std[j]);
  for (let i = 0; i < data.length; i++) {
    const [d, j, pixel] = [Math.floor(i / area / channels), Math.floor(i / area) % channels, i % area];
    bias[d] += data[i] * shift[j];
    for (const [c, share] of mix[j].entries()) kernel[(d * mix[j].length + c) * area + pixel] += (data[i] * share * given.std[c]) / std[j];
  }
  weights.set("patch_embed.proj.weight", { shape: [width, given.mean.length, patch, patch], data: kernel });
  weights.set("patch_embed.proj.bias", { shape: [width], data: bias });
}

/** What each of `to` channels takes of the `from` there are: itself, the one gray there is, or the luma of three. */
function mixing(to: number, from: number): number[][] {
  if (from === 1) return Array.from({ length: to }, () => [1]);
  return to === 1 ? [LUMA] : Array.from({ length: to }, (_, j) => Array.from({ length: from }, (_, c) => Number(c === j)));
}
