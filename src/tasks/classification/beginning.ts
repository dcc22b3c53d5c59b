/** A student that begins as a network of a file, to be tuned or only to get another head. */
import type { Pictures } from "../../data/dataset";
import { initial, isOfHead, type ViTConfig, vitShapes } from "../../models/vit/config";
import { INIT_STREAM, type Weight, type Weights } from "../../models/weights";
import type { Settings } from "../../settings/run";
import { OtherSide } from "../otherSide";
import { suited } from "../suited";
import type { Network } from "../vitNetwork";
import { matched } from "./classNames";
import { fitted } from "./fitted";

/**
 * Configuration and weights for images normalised as this data set's are. Where the network knows the data's classes it keeps what
 * it says of them, else it gets a fresh head, drawn by `seed`, and with `token` a distillation token. Throws an EngineError for images of
 * another size.
 */
export function beginning(network: Network, dataset: Pictures, seed: number, token = false): { config: ViTConfig; weights: Weights } {
  if (network.config.image !== dataset.side) throw new OtherSide(network.name, network.config.image, dataset.side);
  if (knows(network, dataset)) return fitted(network, dataset);
  const { weights, config: before } = suited(network, dataset);
  const config: ViTConfig = { ...before, classes: dataset.classes.length, ...(token && { family: TOKEN }) };
  const shapes = [...vitShapes(config)];
  if (token) weights.set("pos_embed", withTokenAt(weights.get("pos_embed")!));
  const fresh = (name: string, shape: number[], i: number) => ({ shape, data: initial(name, shape, seed, INIT_STREAM + i) });
  return {
    config,
    weights: new Map(
      shapes.map(([name, shape], i) => [name, isOfHead(name) ? fresh(name, shape, i) : (weights.get(name) ?? fresh(name, shape, i))]),
    ),
  };
}

/** Whether such a student keeps its head. */
export const knows = (network: Network, { classes }: Pictures): boolean => "rows" in matched(network, classes);

/** The family that has a distillation token. */
const TOKEN = "deit-distilled";

/** Whether a network gains a distillation token where one is wanted: an encoder without a head, as G2SD's second stage begins. */
export const gainsToken = ({ config }: Network, wanted?: Settings): boolean =>
  wanted?.family === TOKEN && config.family === undefined && config.classes === 0;

/** Positions [1, 1 + N, D] with one of zeros for a distillation token behind the class token's, as G2SD's code gives it none. */
function withTokenAt({ shape: [, tokens, width], data }: Weight): Weight {
  const wider = new Float32Array((tokens + 1) * width);
  wider.set(data.subarray(0, width));
  wider.set(data.subarray(width), 2 * width);
  return { shape: [1, tokens + 1, width], data: wider };
}

/** The settings that the network decides. */
export function sizesOf(network: Network, wanted?: Settings): Record<string, number | string> {
  const { family = "deit", patch, width, depth, heads } = network.config;
  return { family: gainsToken(network, wanted) ? TOKEN : family, patch, width, depth, heads };
}
