/**
 * A YOLOS's weights as files keep them, under the names of the original code, where the positions of the detection tokens are the last
 * rows of `backbone.pos_embed`. The only place that knows of the difference.
 */
import type { Source } from "../vit/names";
import { listed, type Weight, type Weights, WeightsError } from "../weights";

const PREFIX = /^(?:(?:module|model)\.)+/;
/** The classifier of the ViT that it began as, which no forward pass of a YOLOS needs. */
const IGNORED = /^backbone\.head\./;
const [POSITIONS, DET] = ["backbone.pos_embed", "backbone.det_pos"];
const FLOATS = "Save it as floating point numbers.";

/** Weights as the original code has them. */
export function toOriginal(weights: Weights): Weights {
  const [first, last] = [weights.get(POSITIONS), weights.get(DET)] as [Weight, Weight];
  const [, rows, width] = first.shape;
  const data = new Float32Array(first.data.length + last.data.length);
  data.set(first.data);
  data.set(last.data, first.data.length);
  const joined = { shape: [1, rows + last.shape[1], width], data };
  return new Map([...weights].filter(([name]) => name !== DET).map(([name, weight]) => [name, name === POSITIONS ? joined : weight]));
}

/** The inverse of `toOriginal` for so many detection tokens; drops what no forward pass needs. Throws a WeightsError for a tensor that holds no floats. */
export function fromOriginal(tensors: Source, tokens: number, name = "checkpoint"): Weights {
  const wanted = [...tensors].map(([key, tensor]) => [key.replace(PREFIX, ""), tensor] as const).filter(([key]) => !IGNORED.test(key));
  const strange = wanted.filter(([, { data }]) => !(data instanceof Float32Array)).map(([key]) => key);
  if (strange.length) throw new WeightsError(`${name}: ${listed(strange)} ${strange.length > 1 ? "hold" : "holds"} no floats.`, FLOATS);
  return new Map(
    wanted.flatMap(([key, { shape, data }]) =>
      key === POSITIONS ? parted(shape, data as Float32Array, tokens) : [[key, { shape, data: data as Float32Array }]],
    ),
  );
}

/** Positions of class token and patches, and those of the detection tokens; whatever has another shape stays as it is, for the check to refuse. */
function parted(shape: number[], data: Float32Array, tokens: number): [string, Weight][] {
  const [one, rows, width] = shape;
  if (shape.length !== 3 || one !== 1 || rows <= tokens) return [[POSITIONS, { shape, data }]];
  const split = (rows - tokens) * width;
  return [
    [POSITIONS, { shape: [1, rows - tokens, width], data: data.slice(0, split) }],
    [DET, { shape: [1, tokens, width], data: data.slice(split) }],
  ];
}
