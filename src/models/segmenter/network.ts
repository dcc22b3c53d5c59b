/** A trained Segmenter as a file, in and out. */
import { distinctNamesIn, momentsIn, parsed, scoreIn } from "../metadata";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../safetensors";
import type { Weights } from "../weights";
import { checkSegmenter, checkSegmenterWeights, type SegmenterConfig } from "./config";
import { fromOriginal, toOriginal } from "./names";

/** The content of a Segmenter's file. A reader adds an id: the digest of the file. */
export interface SegmenterFile {
  /** What people call it. */
  name: string;
  weights: Weights;
  config: SegmenterConfig;
  /** What its outputs stand for, in order. */
  classes: string[];
  /** Mean and standard deviation of each channel, of pixels in 0..1, with which its images were normalised. */
  moments: { mean: number[]; std: number[] };
  /** Mean IoU on held-out images when it was written, 0..1. */
  miou?: number;
}

const KIND = "Segmenter";

/** Reads a Segmenter that `writeSegmenter` wrote. Throws a WeightsError, which names the part at fault, for anything else. */
export function readSegmenter(bytes: Uint8Array, name: string): SegmenterFile {
  const { segmenter, classes, moments, miou } = readSafetensorsMetadata(bytes, name);
  const config = parsed(segmenter, "segmenter", KIND, name) as SegmenterConfig;
  checkSegmenter(config, name);
  const weights = fromOriginal(readSafetensors(bytes, name), name);
  checkSegmenterWeights(config, weights, name);
  return {
    ...{ name, weights, config },
    classes: distinctNamesIn(parsed(classes, "classes", KIND, name), config.classes, name),
    moments: momentsIn(parsed(moments, "moments", KIND, name), config.encoder.channels, name),
    ...(miou !== undefined && { miou: scoreIn(miou, "mean IoU", name) }),
  };
}

/** A Segmenter as safetensors under the names of the original code; the rest that a reader must know is in the metadata. */
export function writeSegmenter({ name, weights, config, classes, moments, miou }: SegmenterFile, data: string): Uint8Array {
  distinctNamesIn(classes, config.classes, name);
  return writeSafetensors(toOriginal(weights), {
    ...{ format: "pt", segmenter: JSON.stringify(config), data, classes: JSON.stringify(classes) },
    ...{ moments: JSON.stringify(moments), ...(miou !== undefined && { miou: miou.toFixed(4) }) },
  });
}
