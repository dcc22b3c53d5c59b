/** A trained Segmenter as a file, in and out. */
import type { Moments } from "../../data/dataset";
import { digest } from "../../data/digest";
import type { SegmentationSet } from "../../data/segmentation";
import { EngineError } from "../../engine/errors";
import type { SegmenterConfig } from "../../models/segmenter/config";
import { readSegmenter, writeSegmenter } from "../../models/segmenter/network";
import type { Weights } from "../../models/weights";
import { assertSameImages } from "../sameImages";

export interface SegmenterNetwork {
  /** Identifies this network by its file's content. */
  id: string;
  /** What people call it. */
  name: string;
  weights: Weights;
  config: SegmenterConfig;
  /** What its outputs stand for, in order. */
  classes: string[];
  /** With which its images were normalised. */
  moments: Moments;
  /** Mean IoU on held-out images when it was written. */
  score?: number;
}

/** Reads a Segmenter that `writeNetwork` wrote. Rejects with an EngineError what is none. */
export async function readNetwork(bytes: Uint8Array, name: string): Promise<SegmenterNetwork> {
  const { miou, ...file } = readSegmenter(bytes, name);
  return { id: await digest([bytes]), ...file, ...(miou !== undefined && { score: miou }) };
}

/** A Segmenter as safetensors under the names of the original code. */
export function writeNetwork(
  { weights, config, score }: Pick<SegmenterNetwork, "weights" | "config" | "score">,
  { name, classes, moments }: SegmentationSet,
): Uint8Array {
  return writeSegmenter({ name, weights, config, classes, moments, miou: score }, name);
}

/** Throws an EngineError unless the network takes the images of this data and knows its classes. */
export function assertTakes({ name, config, classes, moments }: SegmenterNetwork, data: SegmentationSet): void {
  assertSameImages({ name, side: config.encoder.image, classes, moments }, data);
}

/** Throws an EngineError unless student and teacher cut images alike, so that their tokens can be compared. */
export function assertSamePatches({ name, config }: SegmenterNetwork, student: SegmenterConfig): void {
  const [theirs, ours] = [config.encoder.patch, student.encoder.patch];
  if (theirs !== ours)
    throw new EngineError(
      `The teacher ${name} has patches of ${theirs} pixels, the student of ${ours}.`,
      `Set the patch size to ${theirs}.`,
    );
}
