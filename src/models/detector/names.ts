/**
 * A detector's weights as files keep them: names of torchvision and mmdetection, convolutions in PyTorch's [O, I, kh, kw] where
 * this app has [O, kh, kw, I]. This is the only place that knows of the difference.
 */
import type { Source } from "../vit/names";
import { listed, type Weight, type Weights, WeightsError } from "../weights";

/** What training programs put before the names; "backbone." is one of the detector's own. */
const PREFIX = /^(?:(?:module|model|_orig_mod|student|teacher|detector)\.)+/;
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
