/** A trained detector as a file, in and out. */
import type { Moments } from "../../data/dataset";
import type { DetectionSet } from "../../data/detection";
import { digest } from "../../data/digest";
import { checkDetector, checkDetectorWeights, type DetectorConfig } from "../../models/detector/config";
import { fromTorch, toTorch } from "../../models/detector/names";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../../models/safetensors";
import { type Weights, WeightsError } from "../../models/weights";
import { assertSameImages } from "../sameImages";
import type { AnyNetwork } from "../task";

/** A trained detector and what its file says of it: its score is the average precision on held-out images when it was written. */
export interface DetectorNetwork extends AnyNetwork {
  weights: Weights;
  config: DetectorConfig;
  /** What its outputs stand for, in order. */
  classes: string[];
  /** With which its images were normalised. */
  moments: Moments;
}

/** Strides of an anchor where a file does not say: all had as many once. */
const FORMER_ANCHOR = 4;

/** Reads a detector that `writeDetector` wrote. Rejects with an EngineError what is none. */
export async function readDetector(bytes: Uint8Array, name: string): Promise<DetectorNetwork> {
  const { detector, classes, moments, map } = readSafetensorsMetadata(bytes, name);
  const told = parsed<Omit<DetectorConfig, "anchor"> & { anchor?: number }>(detector, name);
  const config: DetectorConfig = { ...told, anchor: told.anchor ?? FORMER_ANCHOR };
  checkDetector(config, name);
  const weights = fromTorch(readSafetensors(bytes, name), name);
  checkDetectorWeights(config, weights, name);
  const known = { classes: parsed<string[]>(classes, name), moments: parsed<Moments>(moments, name) };
  return { id: await digest([bytes]), name, weights, config, ...known, ...(map !== undefined && { score: Number(map) }) };
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

/** The network's kind and size, for people. */
export function describeDetector({ config: { kind, block, blocks, cardinality, width, channels } }: DetectorNetwork): string {
  const layers = 2 + (block === "bottleneck" ? 3 : 2) * blocks.reduce((a, b) => a + b, 0);
  const backbone = cardinality ? `ResNeXt of ${layers} layers in ${cardinality} groups` : `ResNet of ${layers} layers`;
  return `${kind.toUpperCase()}, ${backbone}, width ${width}, pyramid ${channels}`;
}

/** Throws an EngineError unless the network takes the images of this data and knows its classes. */
export function assertTakes({ name, config, classes, moments }: DetectorNetwork, data: DetectionSet): void {
  assertSameImages({ name, side: config.image, classes, moments }, data);
}

function parsed<T>(text: string | undefined, name: string): T {
  try {
    if (text !== undefined) return JSON.parse(text);
  } catch {
    // Reported below, like a part that is missing.
  }
  throw new WeightsError(
    `${name} is not a detector of this program, or was edited.`,
    "Choose a file that npm run train or the page wrote.",
  );
}
