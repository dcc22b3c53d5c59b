/** A model's gradients read back for a test: every parameter's pieces and their parts, summed on the host. */
import type { Gradients, Piece, Tensor } from "../engine/graph";
import type { Fetched } from "../engine/readback";
import { BLOCK, type Params } from "./params";

export interface GradientReader {
  /** To be compiled as outputs beside whatever else a test fetches. */
  outputs: Record<string, Tensor>;
  /** Gradients by parameter name, zero where none arrived. */
  read(fetched: Fetched): Map<string, Float64Array>;
}

export function gradientReader(params: Params, grads: Gradients): GradientReader {
  const { pieces } = grads;
  return {
    outputs: { gradientArena: grads.whole() },
    read: ({ gradientArena }) =>
      new Map(
        [...params.places].map(([name, { block, size }]) => [name, total(pieces, params.buffer, 4 * BLOCK * block, size, gradientArena)]),
      ),
  };
}

/** The sum of all pieces of the parameter at byte `offset` of `buffer`. */
function total(pieces: Piece[], buffer: GPUBuffer, offset: number, size: number, arena: ArrayLike<number>): Float64Array {
  const sum = new Float64Array(size);
  for (const { parameter, from, size: count, parts, tensor } of pieces) {
    if (parameter.buffer !== buffer || parameter.offset !== offset) continue;
    const at = tensor.storage.offset / 4;
    for (let i = 0; i < parts * count; i++) sum[from + (i % count)] += arena[at + i];
  }
  return sum;
}
