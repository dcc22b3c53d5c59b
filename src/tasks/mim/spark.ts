/** Masked modelling with a ResNet as what learns: see models/spark.ts. */
import { EngineError } from "../../engine/errors";
import type { Tensor } from "../../engine/graph";
import { type DetectorConfig, smallDetector } from "../../models/detector/config";
import { stageChannels } from "../../models/detector/kinds";
import { backboneOf, initSpark, SPARK_PATCH, type SparkConfig, spark, sparkFeatures } from "../../models/spark";
import { unshuffle } from "../../ops/cells";
import { regionMeans } from "../../ops/regions";
import { patchify } from "../../ops/tokens";
import { GROUP_WIDTH } from "../detection/settings";
import { writeResnet } from "../resnetFile";
import type { Autoencoder } from "./autoencoder";
import { knob, type MimSettings } from "./settings";

const CHANNELS = 3;

/** The dimensions of settings that go together. */
export function sparkConfig(settings: MimSettings, side: number): SparkConfig {
  const { backbone, block, blocks, stem: width, cardinality, norm } = settings;
  const small = smallDetector("gfl", "student", 1, side);
  const sizes = { ...small, blocks: [blocks, blocks, blocks, blocks], width, norm } as DetectorConfig;
  const grouped = { block: "bottleneck", cardinality: Number(cardinality), groupWidth: GROUP_WIDTH } as const;
  return {
    encoder: { ...sizes, ...(backbone === "resnext" ? grouped : { block }) },
    decoder: { width: knob(settings, "decoderWidth") },
  };
}

export function sparkAutoencoder(config: SparkConfig): Autoencoder {
  const { encoder } = config;
  const { image } = encoder;
  const encoderIn = (weights: Parameters<typeof backboneOf>[0]) => backboneOf(weights, encoder);
  /** Planes [B, C, S, S] as maps [B, S, S, C]. */
  const interleaved = (images: Tensor): Tensor => {
    const [batch] = images.shape;
    return patchify(images, { batch, channels: CHANNELS, image, patch: 1 }).reshape([batch, image, image, CHANNELS]);
  };
  const width = stageChannels(encoder)[3];
  return {
    ...{ cut: { image, patch: SPARK_PATCH, channels: CHANNELS }, pixels: "interleaved", learns: () => true, encoder: encoderIn },
    fresh: (seed) => initSpark(config, seed),
    tell: (params, { images, left: { visible }, hidden: { hidden } }, { training }) =>
      spark(params, config, interleaved(images), { visible, hidden }, training),
    patches(images) {
      const rows = unshuffle(interleaved(images), SPARK_PATCH);
      return rows.reshape([rows.rows, rows.cols]);
    },
    features: (params) => ({
      ...{ params, channels: CHANNELS, image, width },
      read: (bound, images) => [regionMeans(sparkFeatures(bound, config, interleaved(images)), [1]).reshape([images.shape[0], width])],
    }),
    write: (weights, { moments, name }, { score }) => writeResnet({ weights: encoderIn(weights), config: encoder, moments }, name, score),
    onnx: () => refuse("written as ONNX"),
    handedOver: () => refuse("handed over to PyTorch"),
  };
}

function refuse(what: string): never {
  throw new EngineError(`Masked modelling with a ResNet is not ${what} yet.`, "Download the weights, which are under torchvision's names.");
}
