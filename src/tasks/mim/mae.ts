/** A masked autoencoder of vision transformers as what learns: see models/mae.ts. */
import { encoderOf, initMae, learns, type MaeConfig, mae } from "../../models/mae";
import { patchify } from "../../ops/tokens";
import { classTokens } from "../dino/evaluate";
import { writeNetwork, writeOnnx } from "../vitNetwork";
import type { Autoencoder } from "./autoencoder";
import { handedOver } from "./handover";
import type { MimSettings } from "./settings";

/** The dimensions of settings that go together. */
export function maeConfig(settings: MimSettings, side: number, channels: number): MaeConfig {
  const { width, depth, heads, patch } = settings;
  return {
    encoder: {
      ...{ image: side, patch, channels, classes: 0, width, depth, heads, headDim: width / heads, mlp: 4 * width },
      ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
    },
    decoder: { width: settings["mim.decoderWidth"], depth: settings["mim.decoderDepth"], heads: settings["mim.decoderHeads"] },
  };
}

export function maeAutoencoder(config: MaeConfig): Autoencoder {
  const { encoder } = config;
  const { image, patch, channels } = encoder;
  const encoderIn = (weights: Parameters<typeof encoderOf>[0]) => encoderOf(weights, config);
  return {
    ...{ cut: encoder, learns, pixels: "planes", encoder: encoderIn },
    fresh: (seed) => initMae(config, seed),
    tell: (params, { images, left }) => mae(params, config, images, left),
    patches: (images) => patchify(images, { batch: images.shape[0], channels, image, patch }),
    features: (params) => classTokens({ params, config: encoder }),
    write: (weights, dataset, score) => writeNetwork({ weights: encoderIn(weights), config: encoder, score }, dataset),
    onnx: (weights, dataset) => writeOnnx({ weights: encoderIn(weights), config: encoder }, dataset),
    handedOver: (weights, dataset) => handedOver(weights, config, dataset),
  };
}
