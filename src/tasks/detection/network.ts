/** A trained detector as a file, in and out. */
import type { Moments } from "../../data/dataset";
import type { DetectionSet } from "../../data/detection";
import { digest } from "../../data/digest";
import { EngineError } from "../../engine/errors";
import { checkDetector, checkDetectorWeights, type DetectorConfig } from "../../models/detector/config";
import { fromTorch, toTorch } from "../../models/detector/names";
import { detectorOnnx } from "../../models/detector/onnxGraph";
import { distinctNamesIn, momentsIn, parsed, scoreIn } from "../../models/metadata";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../../models/safetensors";
import type { Weights } from "../../models/weights";
import { isResnet } from "../resnetFile";
import { assertSameImages } from "../sameImages";
import type { AnyNetwork } from "../task";
import { fromResnet, fromVit } from "./beginning";

/** A trained detector and what its file says of it: its score is the average precision on held-out images when it was written. */
export interface DetectorNetwork extends AnyNetwork {
  weights: Weights;
  config: DetectorConfig;
  /** What its outputs stand for, in order. */
  classes: string[];
  /** With which its images were normalised. */
  moments: Moments;
  /** It has yet to find anything: a backbone that a student may begin as. */
  begins?: true;
}

/** Strides of an anchor where a file does not say: all had as many once. */
const FORMER_ANCHOR = 4;

const KIND = "detector";
/** Red, green and blue. */
const CHANNELS = 3;

/** Reads a detector that `writeDetector` wrote, or a backbone alone as what a student may begin as. Rejects with an EngineError what is neither. */
export async function readDetector(bytes: Uint8Array, name: string): Promise<DetectorNetwork> {
  const metadata = readSafetensorsMetadata(bytes, name);
  if (isResnet(metadata)) return fromResnet(bytes, name);
  const { detector, classes, moments, map } = metadata;
  if (detector === undefined && readSafetensors(bytes, name).has("patch_embed.proj.weight")) return fromVit(bytes, name);
  const told = parsed(detector, "detector", KIND, name) as Omit<DetectorConfig, "anchor"> & { anchor?: number };
  const config: DetectorConfig = { ...told, anchor: told?.anchor ?? FORMER_ANCHOR };
  checkDetector(config, name);
  const weights = fromTorch(readSafetensors(bytes, name), name);
  checkDetectorWeights(config, weights, name);
  return {
    ...{ id: await digest([bytes]), name, weights, config },
    classes: distinctNamesIn(parsed(classes, "classes", KIND, name), config.classes, name),
    moments: momentsIn(parsed(moments, "moments", KIND, name), CHANNELS, name),
    ...(map !== undefined && { score: scoreIn(map, "average precision", name) }),
  };
}

/** A detector as safetensors in PyTorch's layout; the rest that a reader must know is in the metadata. */
export function writeDetector(
  { weights, config, score }: Pick<DetectorNetwork, "weights" | "config" | "score">,
  dataset: DetectionSet,
): Uint8Array {
  return writeSafetensors(toTorch(weights), {
    ...{ format: "pt", detector: JSON.stringify(config), data: dataset.name, classes: JSON.stringify(dataset.classes) },
    ...{ moments: JSON.stringify(dataset.moments), ...(score !== undefined && { map: score.toFixed(4) }) },
  });
}

/** The same detector as an ONNX file that takes pixels from 0 to 1, finds boxes, and names its classes in its metadata. */
export function writeDetectorOnnx({ weights, config }: Pick<DetectorNetwork, "weights" | "config">, dataset: DetectionSet): Uint8Array {
  return detectorOnnx(config, weights, dataset.moments, { data: dataset.name, classes: JSON.stringify(dataset.classes) });
}

/** The network's kind and size, for people. */
export function describeDetector({ config: { kind, block, blocks, cardinality, width, channels, plain } }: DetectorNetwork): string {
  if (plain) return `${kind.toUpperCase()}, ViTDet of ${plain.depth} blocks, width ${plain.width}, pyramid ${channels}`;
  const layers = 2 + (block === "bottleneck" ? 3 : 2) * blocks.reduce((a, b) => a + b, 0);
  const backbone = cardinality ? `ResNeXt of ${layers} layers in ${cardinality} groups` : `ResNet of ${layers} layers`;
  return `${kind.toUpperCase()}, ${backbone}, width ${width}, pyramid ${channels}`;
}

/** Throws an EngineError unless the network takes the images of this data and knows its classes. */
export function assertTakes({ name, config, classes, moments, begins }: DetectorNetwork, data: DetectionSet): void {
  if (begins) throw new EngineError(`${name} is a backbone, no detector.`, "A student can begin as it.");
  assertSameImages({ name, side: config.image, classes, moments }, data);
}
