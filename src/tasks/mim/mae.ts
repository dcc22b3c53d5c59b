/** A masked autoencoder of vision transformers as what learns: see models/mae.ts. */
import { encoderOf, initMae, learns, type MaeConfig, mae } from "../../models/mae";
import { patchify } from "../../ops/tokens";
import { classTokens } from "../dino/evaluate";
import { writeNetwork, writeOnnx } from "../vitNetwork";
import type { Autoencoder } from "./autoencoder";
import { handedOver } from "./handover";
import { writeMae } from "./network";
import { knob, type MimSettings } from "./settings";

/** The dimensions of settings that go together; with `features` each token tells so many of a teacher's. */
export function maeConfig(settings: MimSettings, side: number, channels: number, features?: number): MaeConfig {
  const { width, depth, heads, patch } = settings;
  return {
    encoder: {
      ...{ image: side, patch, channels, classes: 0, width, depth, heads, headDim: width / heads, mlp: 4 * width },
      ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
    },
    decoder: {
      ...{ width: knob(settings, "decoderWidth"), depth: knob(settings, "decoderDepth"), heads: knob(settings, "decoderHeads") },
      ...(features && { features }),
    },
  };
}

export function maeAutoencoder(config: MaeConfig): Autoencoder {
  const { encoder, decoder } = config;
  const { image, patch, channels } = encoder;
  const encoderIn = (weights: Parameters<typeof encoderOf>[0]) => encoderOf(weights, config);
  return {
    ...{ cut: encoder, learns, pixels: "planes", encoder: encoderIn },
    fresh: (seed) => initMae(config, seed),
    tell: (params, { images, left }) => mae(params, config, images, left),
    patches: (images) => patchify(images, { batch: images.shape[0], channels, image, patch }),
    features: (params) => classTokens({ params, config: encoder }),
    write: (weights, dataset, { target, score }) =>
      decoder.features
        ? writeNetwork({ weights: encoderIn(weights), config: encoder, score }, dataset)
        : writeMae(weights, config, target, dataset, score),
    onnx: (weights, dataset) => writeOnnx({ weights: encoderIn(weights), config: encoder }, dataset),
    handedOver: (weights, sources) => handedOver(weights, config, sources),
  };
}
