/**
 * A Segmenter's weights as files keep them: names of the original code, whose two projections before the similarity are applied
 * from the right (x P), where this app has P transposed, as in every linear layer. The only place that knows of the difference.
 */
import type { Source } from "../vit/names";
import { listed, type Weight, type Weights, WeightsError } from "../weights";

const PREFIX = /^(?:(?:module|model)\.)+/;
/** The encoder's classifier, which no forward pass of a Segmenter needs. */
const IGNORED = /^encoder\.head\./;
const FROM_RIGHT = /^decoder\.proj_(patch|classes)$/;
const FLOATS = "Save it as floating point numbers.";

/** Weights as the original code has them. */
export function toOriginal(weights: Weights): Weights {
  return new Map([...weights].map(([name, weight]) => [name, FROM_RIGHT.test(name) ? transposed(weight) : weight]));
}

/** The inverse of `toOriginal`; drops what no forward pass needs. Throws a WeightsError for a tensor that holds no floats. */
export function fromOriginal(tensors: Source, name = "checkpoint"): Weights {
  const wanted = [...tensors].map(([key, tensor]) => [key.replace(PREFIX, ""), tensor] as const).filter(([key]) => !IGNORED.test(key));
  const strange = wanted.filter(([, { data }]) => !(data instanceof Float32Array)).map(([key]) => key);
  if (strange.length) throw new WeightsError(`${name}: ${listed(strange)} ${strange.length > 1 ? "hold" : "holds"} no floats.`, FLOATS);
  return toOriginal(new Map(wanted.map(([key, { shape, data }]) => [key, { shape, data: data as Float32Array }])));
}

/** A square matrix mirrored at its diagonal; anything else as it is, for the check of shapes to refuse. */
function transposed({ shape, data }: Weight): Weight {
  const [rows, cols] = shape;
  if (shape.length !== 2 || rows !== cols) return { shape, data };
  return { shape, data: data.map((_, i) => data[(i % cols) * cols + Math.floor(i / cols)]) };
}
