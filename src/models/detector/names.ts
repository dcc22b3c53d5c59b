/**
 * Detectors as safetensors, in and out: names of torchvision and mmdetection, convolutions as PyTorch keeps them,
 * [O, I, kh, kw], where this app has [O, kh, kw, I]. This is the only place that knows of the difference.
 *
 * The configuration stands in the file's metadata as `detector`, because shapes do not tell the image side or the anchors.
 */
import type { Source } from "../names";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../safetensors";
import { listed, type Weight, type Weights, WeightsError } from "../weights";
import { checkDetector, checkDetectorWeights, type DetectorConfig } from "./config";

export interface DetectorFile {
  weights: Weights;
  config: DetectorConfig;
  /** Whatever else the writer told. */
  metadata: Record<string, string>;
}

/** A detector as a safetensors file; `metadata` is for whoever shows it (classes, scores). Same content, same bytes. */
export function writeDetector({ weights, config, metadata }: DetectorFile): Uint8Array {
  return writeSafetensors(toTorch(weights), { ...metadata, format: "pt", detector: JSON.stringify(config) });
}

/**
 * Reads what `writeDetector` wrote, or mmdetection's weights where `config` says what they are. Throws a WeightsError or
 * SafetensorsError naming the file, and the tensor at fault.
 */
export function readDetector(bytes: Uint8Array | ArrayBuffer, name: string, config?: DetectorConfig): DetectorFile {
  const { detector, ...metadata } = readSafetensorsMetadata(bytes, name);
  const known = config ?? configOf(detector, name);
  checkDetector(known, name);
  const weights = fromTorch(readSafetensors(bytes, name), name);
  checkDetectorWeights(known, weights, name);
  return { weights, config: known, metadata };
}

function configOf(text: string | undefined, name: string): DetectorConfig {
  const remedy = "Use a detector this app saved, or say what it is.";
  if (text === undefined) throw new WeightsError(`${name} does not say which detector it is.`, remedy);
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new WeightsError(`${name}: its description of the detector is broken.`, remedy);
  }
}

const PREFIX = /^(?:(?:module|model)\.)+/;
/** Parts of published checkpoints that no forward pass of a detector needs. */
const IGNORED = /(^|\.)(num_batches_tracked|integral\.project)$|^backbone\.fc\./;
const FLOATS = "Save it as floating point numbers.";

/** Weights under their names, convolutions [O, I, kh, kw], scales as scalars. */
export function toTorch(weights: Weights): Weights {
  return new Map([...weights].map(([name, weight]) => [name, name.endsWith(".scale") ? { ...weight, shape: [] } : rolled(weight, -1)]));
}

/** The inverse of `toTorch`; drops what training frameworks add. Throws a WeightsError for a tensor that holds no floats. */
export function fromTorch(tensors: Source, name = "checkpoint"): Weights {
  const wanted = [...tensors].map(([key, tensor]) => [key.replace(PREFIX, ""), tensor] as const).filter(([key]) => !IGNORED.test(key));
  const strange = wanted.filter(([, { data }]) => !(data instanceof Float32Array)).map(([key]) => key);
  if (strange.length) throw new WeightsError(`${name}: ${listed(strange)} ${strange.length > 1 ? "hold" : "holds"} no floats.`, FLOATS);
  return new Map(
    wanted.map(([key, { shape, data }]) => {
      const weight = { shape, data: data as Float32Array };
      return [key, key.endsWith(".scale") ? { ...weight, shape: [1] } : rolled(weight, 1)];
    }),
  );
}

/** A convolution with the axes after the first rolled by `by`: [O, a, b, c] becomes [O, b, c, a] for 1, [O, c, a, b] for -1. */
function rolled({ shape, data }: Weight, by: 1 | -1): Weight {
  if (shape.length !== 4) return { shape, data };
  const [outputs, a, b, c] = shape;
  const [rows, columns] = by === 1 ? [a, b * c] : [a * b, c];
  return { shape: by === 1 ? [outputs, b, c, a] : [outputs, c, a, b], data: transposed(data, outputs, rows, columns) };
}

/** [outer, rows, columns] -> [outer, columns, rows]. */
export function transposed(values: Float32Array, outer: number, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  let at = 0;
  for (let o = 0; o < outer; o++)
    for (let j = 0; j < columns; j++) for (let i = 0; i < rows; i++) out[at++] = values[(o * rows + i) * columns + j];
  return out;
}
