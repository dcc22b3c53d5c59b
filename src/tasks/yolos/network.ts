/** A trained YOLOS as a file, in and out. */
import type { Moments } from "../../data/dataset";
import type { DetectionSet } from "../../data/detection";
import { digest } from "../../data/digest";
import { EngineError } from "../../engine/errors";
import { distinctNamesIn, momentsIn, parsed, scoreIn } from "../../models/metadata";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../../models/safetensors";
import type { Weights } from "../../models/weights";
import { checkYolos, checkYolosWeights, type YolosConfig } from "../../models/yolos/config";
import { fromOriginal, toOriginal } from "../../models/yolos/names";
import { counted } from "../counts";
import { assertSameImages } from "../sameImages";
import type { AnyNetwork } from "../task";
import { fromSegmenter } from "./beginning";

/** A trained YOLOS and what its file says of it: its score is the average precision on held-out images when it was written. */
export interface YolosNetwork extends AnyNetwork {
  weights: Weights;
  config: YolosConfig;
  /** What its outputs stand for, in order; without "no object". */
  classes: string[];
  /** With which its images were normalised. */
  moments: Moments;
}

const KIND = "YOLOS";

/** Reads a YOLOS that `writeNetwork` wrote, or a Segmenter as what a student may begin as. Rejects with an EngineError what is neither. */
export async function readNetwork(bytes: Uint8Array, name: string): Promise<YolosNetwork> {
  const { yolos, classes, moments, map, segmenter } = readSafetensorsMetadata(bytes, name);
  if (segmenter !== undefined) return { id: await digest([bytes]), ...fromSegmenter(bytes, name) };
  const config = parsed(yolos, "yolos", KIND, name) as YolosConfig;
  checkYolos(config, name);
  const weights = fromOriginal(readSafetensors(bytes, name), config.tokens, name);
  checkYolosWeights(config, weights, name);
  return {
    ...{ id: await digest([bytes]), name, weights, config },
    classes: distinctNamesIn(parsed(classes, "classes", KIND, name), config.classes, name),
    moments: momentsIn(parsed(moments, "moments", KIND, name), config.encoder.channels, name),
    ...(map !== undefined && { score: scoreIn(map, "average precision", name) }),
  };
}

/** A YOLOS as safetensors under the names of the original code; the rest that a reader must know is in the metadata. */
export function writeNetwork(
  { weights, config, score }: Pick<YolosNetwork, "weights" | "config" | "score">,
  data: DetectionSet,
): Uint8Array {
  return writeSafetensors(toOriginal(weights), {
    ...{ format: "pt", yolos: JSON.stringify(config), data: data.name, classes: JSON.stringify(data.classes) },
    ...{ moments: JSON.stringify(data.moments), ...(score !== undefined && { map: score.toFixed(4) }) },
  });
}

/** The network's kind and size, for people. */
export const describeYolos = ({ config: { encoder, tokens } }: YolosNetwork): string =>
  `YOLOS, width ${encoder.width}, ${counted(encoder.depth, "block")}, ${counted(tokens, "detection token")}`;

/** Throws an EngineError unless the network takes the images of this data and knows its classes. */
export function assertTakes({ name, config, classes, moments }: YolosNetwork, data: DetectionSet): void {
  assertSameImages({ name, side: config.encoder.image, classes, moments }, data);
}

/** Throws an EngineError unless student and teacher have the same patches and as many detection tokens, so that these can be compared. */
export function assertSameTokens({ name, config }: YolosNetwork, student: YolosConfig): void {
  const [theirs, ours] = [config.encoder.patch, student.encoder.patch];
  if (theirs !== ours)
    throw new EngineError(
      `The teacher ${name} has patches of ${theirs} pixels, the student of ${ours}.`,
      `Set the patch size to ${theirs}.`,
    );
  if (config.tokens !== student.tokens)
    throw new EngineError(
      `The teacher ${name} has ${counted(config.tokens, "detection token")}, the student ${student.tokens}.`,
      `Set the detection tokens to ${config.tokens}.`,
    );
}
