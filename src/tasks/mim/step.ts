/** What a step and a snapshot share: the autoencoder on a masked batch, and how far what it tells is from what it should. */
import type { Graph, Live, Tensor } from "../../engine/graph";
import type { Params } from "../../models/params";
import { randomResizedCrop } from "../../ops/augment";
import type { Aim, Aimed } from "./aim";
import type { Autoencoder } from "./autoencoder";
import type { MaskedInputs } from "./inputs";

export interface Parts {
  network: Autoencoder;
  params: Params;
  inputs: MaskedInputs;
  aim: Aim;
  ratio: number;
  /** Crops while learning; whole images when absent. */
  crop?: { seed: number; step: Live; least: Live };
}

/** What the networks see: images as they are cropped, and the patches that are left of them. */
type Seen = Record<"images" | "kept", Tensor>;

/** What is told, the loss, and what was seen. */
export function forward(graph: Graph, { network, params, inputs, aim, ratio, crop }: Parts): Aimed & { seen: Seen } {
  const { images: whole, left, hidden } = inputs.on(graph, ratio);
  const masked = { images: crop ? randomResizedCrop(whole, crop) : whole, left, hidden };
  const told = network.tell(params.on(graph, network.learns), masked, { training: crop !== undefined });
  return { ...aim.of(graph, told, masked), seen: { images: masked.images, kept: left.kept } };
}
