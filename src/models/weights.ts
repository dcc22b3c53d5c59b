/**
 * Named weights on the host, whatever model they belong to, and the check that they are the tensors of a model.
 */
import { EngineError } from "../engine/errors";

/** One weight: row-major `data` of prod(shape) values. */
export interface Weight {
  shape: number[];
  data: Float32Array;
}

/** Weights by name. */
export type Weights = Map<string, Weight>;

/** The names a model knows its weights by, with their shapes, in the model's order. */
export type Shapes = [name: string, shape: number[]][];

/** Weights or a configuration that do not fit a model or each other. */
export class WeightsError extends EngineError {
  override name = "WeightsError";
}

/** Keeps the streams of initialisation away from those of training, which count from 0. */
export const INIT_STREAM = 0x10000;

/**
 * Throws a WeightsError unless `weights` holds exactly the tensors of `shapes`, all finite. `name` (a file name), the tensor at fault
 * and `kind`, what they should be, stand in the message; `remedy` is the one for tensors that have no place in it.
 */
export function checkTensors(shapes: ReadonlyMap<string, number[]>, weights: Weights, name: string, remedy: string, kind?: string): void {
  for (const [tensor, shape] of shapes) checkTensor(name, tensor, shape, weights.get(tensor), kind);
  const extra = [...weights.keys()].filter((tensor) => !shapes.has(tensor));
  if (extra.length === 0) return;
  throw new WeightsError(`${name}: ${extra.length} tensors have no place in ${kind ?? "this model"}: ${listed(extra)}.`, remedy);
}

/** The weight, if it has this shape and is finite; throws a WeightsError as `checkTensors` does. */
export function checkTensor(name: string, tensor: string, shape: number[], weight: Weight | undefined, kind?: string): Weight {
  checkShape(name, tensor, shape, weight?.shape, kind);
  const fault = faultOf(shape, weight as Weight);
  if (fault) throw new WeightsError(`${name}: tensor "${tensor}" ${fault[0]}.`, fault[1]);
  return weight as Weight;
}

/** Throws a WeightsError unless a tensor is there (`found`) and has this shape. */
export function checkShape(
  name: string,
  tensor: string,
  shape: readonly number[],
  found: readonly number[] | undefined,
  kind?: string,
): void {
  const refuse = (what: string, remedy: string): never => {
    throw new WeightsError(`${name}: tensor "${tensor}" ${what}.`, `${remedy}, or correct the configuration.`);
  };
  if (!found) refuse(`of shape [${shape}] is missing${kind ? ` for ${kind}` : ""}`, "Use a complete checkpoint");
  if (String(found) !== String(shape))
    refuse(`has the shape [${found}], but ${kind ?? "this model"} needs [${shape}]`, "Use a checkpoint of the same size");
}

function faultOf(shape: number[], { data }: Weight): [what: string, remedy: string] | undefined {
  if (data.length !== elements(shape)) return [`holds ${data.length} values for [${shape}]`, "Load or export it again."];
  const bad = data.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) return [`is ${data[bad]} at position ${bad}`, "Its training diverged: use an earlier checkpoint."];
}

/** The first few of many names, for a message. */
export function listed(names: string[]): string {
  const shown = names.slice(0, 4).map((n) => `"${n}"`);
  return shown.join(", ") + (names.length > shown.length ? ` and ${names.length - shown.length} more` : "");
}

export function elements(shape: number[]): number {
  return shape.reduce((product, d) => product * d, 1);
}
