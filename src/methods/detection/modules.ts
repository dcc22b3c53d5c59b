/** Modules that exist only while distilling: their shapes and their fresh values. */
import { normal, uniform } from "../../engine/random";
import type { Weights } from "../../models/weights";

/** A parameter of a method and how it starts. */
export interface Module {
  shape: number[];
  /** "uniform": within 1 / sqrt(fanIn) of zero, PyTorch's default. "he": normal of variance 2 / fanIn. Else a constant. */
  init: { kind: "uniform" | "he"; fanIn: number } | { kind: "constant"; value: number };
}

export type Modules = Record<string, Module>;

/** Weight [outputs, side, side, inputs] and bias of a convolution, drawn as PyTorch draws them; side 1 is a linear layer [outputs, inputs]. */
export function layer(name: string, inputs: number, outputs: number, side = 1): Modules {
  const init = { kind: "uniform", fanIn: inputs * side ** 2 } as const;
  const shape = side === 1 ? [outputs, inputs] : [outputs, side, side, inputs];
  return { [`${name}.weight`]: { shape, init }, [`${name}.bias`]: { shape: [outputs], init } };
}

export const constant = (shape: number[], value: number): Module => ({ shape, init: { kind: "constant", value } });

/** Keeps the streams of modules away from those of networks and of training. */
const STREAM = 0x20000;

/** Fresh values of `modules`, by the same names; the same seed gives the same values. */
export function initModules(modules: Modules, seed: number): Weights {
  return new Map(
    Object.entries(modules).map(([name, { shape, init }], i) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      return [name, { shape, data: data.map((_, at) => fresh(init, seed, STREAM + i, at)) }];
    }),
  );
}

function fresh(init: Module["init"], seed: number, stream: number, at: number): number {
  if (init.kind === "constant") return init.value;
  if (init.kind === "he") return Math.sqrt(2 / init.fanIn) * normal(seed, stream, 0, at);
  return (2 * uniform(seed, stream, 0, at) - 1) / Math.sqrt(init.fanIn);
}
