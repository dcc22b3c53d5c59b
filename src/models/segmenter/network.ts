/** A trained Segmenter as a file, in and out. */
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../safetensors";
import { type Weights, WeightsError } from "../weights";
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

const NOT_OURS = "Choose a file that this program wrote.";

/** Reads a Segmenter that `writeSegmenter` wrote. Throws a WeightsError, which names the part at fault, for anything else. */
export function readSegmenter(bytes: Uint8Array, name: string): SegmenterFile {
  const { segmenter, classes, moments, miou } = readSafetensorsMetadata(bytes, name);
  const config = parsed(segmenter, "segmenter", name) as SegmenterConfig;
  checkSegmenter(config, name);
  const weights = fromOriginal(readSafetensors(bytes, name), name);
  checkSegmenterWeights(config, weights, name);
  return {
    ...{ name, weights, config },
    classes: namesIn(parsed(classes, "classes", name), config, name),
    moments: momentsIn(parsed(moments, "moments", name), config, name),
    ...(miou !== undefined && { miou: scoreIn(miou, name) }),
  };
}

/** A Segmenter as safetensors under the names of the original code; the rest that a reader must know is in the metadata. */
export function writeSegmenter({ name, weights, config, classes, moments, miou }: SegmenterFile, data: string): Uint8Array {
  namesIn(classes, config, name);
  return writeSafetensors(toOriginal(weights), {
    ...{ format: "pt", segmenter: JSON.stringify(config), data, classes: JSON.stringify(classes) },
    ...{ moments: JSON.stringify(moments), ...(miou !== undefined && { miou: miou.toFixed(4) }) },
  });
}

function refuse(name: string, what: string): never {
  throw new WeightsError(`${name}: ${what}.`, NOT_OURS);
}

function parsed(text: string | undefined, part: string, name: string): unknown {
  if (text === undefined) return refuse(name, `its metadata has no "${part}", so it is no Segmenter of this program`);
  try {
    return JSON.parse(text);
  } catch {
    return refuse(name, `"${part}" in its metadata is not readable as JSON`);
  }
}

function namesIn(value: unknown, { classes }: SegmenterConfig, name: string): string[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) return refuse(name, "its classes are no list of names");
  if (value.length !== classes) return refuse(name, `it names ${value.length} classes, but tells ${classes} apart`);
  return value;
}

function momentsIn(value: unknown, { encoder }: SegmenterConfig, name: string): SegmenterFile["moments"] {
  const { mean, std } = (value ?? {}) as Partial<SegmenterFile["moments"]>;
  const whole = [mean, std].every((list) => Array.isArray(list) && list.length === encoder.channels && list.every(Number.isFinite));
  if (!whole) return refuse(name, `its moments are not a mean and a deviation of ${encoder.channels} channels`);
  const bad = std!.find((s) => s <= 0);
  if (bad !== undefined) return refuse(name, `a channel's deviation is ${bad}, which is not positive`);
  return { mean: mean!, std: std! };
}

function scoreIn(text: string, name: string): number {
  const score = Number(text);
  return text.trim() !== "" && score >= 0 && score <= 1 ? score : refuse(name, `its mean IoU is "${text}", which is not between 0 and 1`);
}
