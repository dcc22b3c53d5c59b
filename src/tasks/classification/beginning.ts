/** A student that begins as a network of a file, to be tuned or only to get another head. */
import type { Pictures } from "../../data/dataset";
import { initial, isOfHead, type ViTConfig, vitShapes } from "../../models/vit/config";
import { INIT_STREAM, type Weights } from "../../models/weights";
import { OtherSide } from "../otherSide";
import { suited } from "../suited";
import type { Network } from "../vitNetwork";
import { matched } from "./classNames";
import { fitted } from "./fitted";

/**
 * Configuration and weights for images normalised as this data set's are. Where the network knows the data's classes it keeps what
 * it says of them, else it gets a fresh head, drawn by `seed`. Throws an EngineError for images of another size.
 */
export function beginning(network: Network, dataset: Pictures, seed: number): { config: ViTConfig; weights: Weights } {
  if (network.config.image !== dataset.side) throw new OtherSide(network.name, network.config.image, dataset.side);
  if (knows(network, dataset)) return fitted(network, dataset);
  const { weights, config: before } = suited(network, dataset);
  const config = { ...before, classes: dataset.classes.length };
  const shapes = [...vitShapes(config)];
  const fresh = (name: string, shape: number[], i: number) => ({ shape, data: initial(name, shape, seed, INIT_STREAM + i) });
  return {
    config,
    weights: new Map(shapes.map(([name, shape], i) => [name, isOfHead(name) ? fresh(name, shape, i) : weights.get(name)!])),
  };
}

/** Whether such a student keeps its head. */
export const knows = (network: Network, { classes }: Pictures): boolean => "rows" in matched(network, classes);

/** The settings that the network decides. */
export function sizesOf({ config }: Network): Record<string, number | string> {
  const { family = "deit", patch, width, depth, heads } = config;
  return { family, patch, width, depth, heads };
}
