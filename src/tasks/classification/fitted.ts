/** A classifier adapted to a data set: its outputs in the order of that set's classes, its pixels normalised as that set's are. */
import type { Dataset, Moments } from "../../data/dataset";
import { EngineError } from "../../engine/errors";
import type { Weight, Weights } from "../../models/weights";
import { OtherSide } from "../otherSide";
import type { Network } from "../vitNetwork";

/** Rec. 601 luma, by which decoders make colour gray. */
const LUMA = [0.299, 0.587, 0.114];

/**
 * The network as if it had been trained on images normalised as this data set's are, and to answer with its classes in their
 * order. Throws an EngineError when it is for other images or classes.
 */
export function fitted(network: Network, dataset: Dataset): Network {
  const wrong = misfit(network, dataset);
  if (wrong) throw new EngineError(`${network.name} ${wrong}.`, "Train a teacher on this data, or use one that was.");
  if (network.config.image !== dataset.side) throw new OtherSide(network.name, network.config.image, dataset.side);
  const result = suited(network, dataset);
  const order = network.classes && dataset.classes.map((c) => network.classes?.indexOf(c) as number);
  if (order) reorder(result.weights, order);
  return { ...result, classes: dataset.classes };
}

/** Whether `fitted` takes it. */
export function fits(network: Network, dataset: Dataset): boolean {
  return misfit(network, dataset) === undefined;
}

/**
 * The network as if it had been trained on images normalised as this data set's are; of its answers and the images' size
 * nothing is asked. What it does to an image stays the same: its patch embedding takes over the difference.
 */
export function suited(network: Network, dataset: Dataset): Network {
  const weights = new Map(network.weights);
  embed(weights, network.moments, dataset.moments);
  return { ...network, weights, config: { ...network.config, channels: dataset.channels } };
}

function misfit({ config, classes }: Network, dataset: Dataset): string | undefined {
  if (config.classes !== dataset.classes.length) return `knows ${config.classes} classes; this data has ${dataset.classes.length}`;
  if (classes?.some((c) => !dataset.classes.includes(c))) return `knows the classes ${few(classes)}; this data has ${few(dataset.classes)}`;
}

const few = (classes: string[]) => classes.slice(0, 3).join(", ") + (classes.length > 3 ? ", ..." : "");

/** Rows of the head in another order. */
function reorder(weights: Weights, order: number[]): void {
  if (order.every((from, to) => from === to)) return;
  for (const name of ["head.weight", "head.bias"]) {
    const { shape, data } = weights.get(name) as Weight;
    const row = data.length / shape[0];
    const moved = data.slice();
    for (const [to, from] of order.entries()) moved.set(data.subarray(from * row, (from + 1) * row), to * row);
    weights.set(name, { shape, data: moved });
  }
}

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
