/** A ResNet or ResNeXt without neck and head as a file: what a detector's student may begin as. */
import type { Moments } from "../data/dataset";
import { EngineError } from "../engine/errors";
import { backboneShapes, checkDetector, type DetectorConfig, smallDetector } from "../models/detector/config";
import { fromTorch, toTorch } from "../models/detector/names";
import { momentsIn, parsed } from "../models/metadata";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import { checkTensors, type Weights } from "../models/weights";

/** What a backbone's file says of it. */
const SIZES = ["image", "block", "blocks", "width", "stem", "norm", "cardinality", "groupWidth"] as const;

export interface Resnet {
  /** By their names in a detector. */
  weights: Weights;
  /** Of the smallest detector on this backbone. */
  config: DetectorConfig;
  moments: Moments;
}

const KIND = "backbone";
const CHANNELS = 3;

/** Under torchvision's names behind "backbone.", in PyTorch's layout; sizes and how images were normalised are in the metadata. */
export function writeResnet({ weights, config, moments }: Resnet, data: string, score?: number): Uint8Array {
  const sizes = Object.fromEntries(SIZES.map((key) => [key, config[key]]));
  return writeSafetensors(toTorch(weights), {
    ...{ format: "pt", backbone: JSON.stringify(sizes), moments: JSON.stringify(moments), data },
    ...(score !== undefined && { linear_top1: score.toFixed(4) }),
  });
}

/** Whether a file's metadata are those of such a backbone. */
export const isResnet = (metadata: Record<string, string>): boolean => metadata.backbone !== undefined;

/** Throws an EngineError that names what is wrong with the file. */
export function readResnet(bytes: Uint8Array, name: string): Resnet {
  const { backbone, moments } = readSafetensorsMetadata(bytes, name);
  const told = parsed(backbone, "backbone", KIND, name) as Partial<DetectorConfig> | null;
  if (typeof told !== "object" || told === null)
    throw new EngineError(`${name} says that its backbone is ${backbone}.`, "Write it again, with train.");
  const sizes = Object.fromEntries(SIZES.flatMap((key) => (told[key] === undefined ? [] : [[key, told[key]]])));
  const config: DetectorConfig = { ...smallDetector("gfl", "student", 1), ...sizes };
  checkDetector(config, name);
  const weights = fromTorch(readSafetensors(bytes, name), name);
  checkTensors(new Map(backboneShapes(config)), weights, name, "Write it again, with train.");
  return { weights, config, moments: momentsIn(parsed(moments, "moments", KIND, name), CHANNELS, name) };
}
