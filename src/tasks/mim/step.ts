/** What a step and a snapshot share: the autoencoder on a masked batch, and how far what it tells is from what was hidden. */
import type { Engine } from "../../engine/device";
import type { Graph, Live, Tensor } from "../../engine/graph";
import { hiddenError, targetOf } from "../../methods/mim/mim";
import { learns, type MaeConfig, mae } from "../../models/mae";
import type { Params } from "../../models/params";
import { randomResizedCrop } from "../../ops/augment";
import type { Loss } from "../../ops/losses";
import { patchify } from "../../ops/tokens";
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
  config: MaeConfig;
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
  { config, params, inputs, scale, ratio, target, crop }: Parts,
): { told: Tensor; loss: Loss; seen: Seen } {
  const { encoder } = config;
  const { images: whole, left, hidden } = inputs.on(graph, ratio);
  const images = crop ? randomResizedCrop(whole, crop) : whole;
  const told = mae(params.on(graph, learns), config, images, left);
  const { channels, image, patch } = encoder;
  const wanted = targetOf(patchify(images, { batch: inputs.batch, channels, image, patch }), target, scale.on(graph));
  return { told, loss: hiddenError(told, wanted, hidden), seen: { images, kept: left.kept } };
}
