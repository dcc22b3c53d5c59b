/** What a step and a snapshot share: the autoencoder on a masked batch, and how far what it tells is from what was hidden. */
import type { Engine } from "../../engine/device";
import type { Graph, Live, Tensor } from "../../engine/graph";
import { hiddenError, targetOf } from "../../methods/mim/mim";
import type { Params } from "../../models/params";
import { randomResizedCrop } from "../../ops/augment";
import type { Loss } from "../../ops/losses";
import type { Autoencoder } from "./autoencoder";
import type { MaskedInputs } from "./inputs";

/** Numbers that the target is made with, for patches of n of them: sqrt((n - 1) / n) and zeros, [n] each. Takes buffers. */
export class TargetScale {
  private readonly one: GPUBuffer;
  private readonly zero: GPUBuffer;

  constructor(
    private readonly engine: Engine,
    private readonly count: number,
  ) {
    const filled = (value: number) => {
      const buffer = engine.takeBuffer(4 * count);
      engine.device.queue.writeBuffer(buffer, 0, new Float32Array(count).fill(value));
      return buffer;
    };
    [this.one, this.zero] = [filled(Math.sqrt((count - 1) / count)), filled(0)];
  }

  on(graph: Graph): { one: Tensor; zero: Tensor } {
    return { one: graph.fixed(this.one, [this.count]), zero: graph.fixed(this.zero, [this.count]) };
  }

  destroy(): void {
    for (const buffer of [this.one, this.zero]) this.engine.giveBuffer(buffer);
  }
}

export interface Parts {
  network: Autoencoder;
  params: Params;
  inputs: MaskedInputs;
  scale: TargetScale;
  ratio: number;
  target: "normalised" | "pixels";
  /** Crops while learning; whole images when absent. */
  crop?: { seed: number; step: Live; least: Live };
}

/** What the networks see: images as they are cropped, and the patches that are left of them. */
type Seen = Record<"images" | "kept", Tensor>;

/** What is told of all patches [B N, C P P], the loss, and what was seen. */
export function forward(
  graph: Graph,
  { network, params, inputs, scale, ratio, target, crop }: Parts,
): { told: Tensor; loss: Loss; seen: Seen } {
  const { images: whole, left, hidden } = inputs.on(graph, ratio);
  const images = crop ? randomResizedCrop(whole, crop) : whole;
  const told = network.tell(params.on(graph, network.learns), { images, left, hidden }, { training: crop !== undefined });
  const wanted = targetOf(network.patches(images), target, scale.on(graph));
  return { told, loss: hiddenError(told, wanted, hidden), seen: { images, kept: left.kept } };
}
