/** Passes the gradient that is there already to a backward kernel, which adds it: the sum needs no launch of its own. */
import type { RowGradient, Tensor } from "../engine/graph";

/** The tensor, its offset and its row distance as the parameters `name_offset` and `name_stride`. */
export function place<N extends string>(name: N, t: Tensor): Record<`${N}_offset` | `${N}_stride`, number> {
  return { [`${name}_offset`]: t.offset, [`${name}_stride`]: t.stride } as Record<`${N}_offset` | `${N}_stride`, number>;
}

/** Constant ADD, binding `other` and parameters `add_*` of a kernel that adds `previous` to its result. */
export function plus(previous?: RowGradient) {
  const { tensor, every = 1 } = previous ?? {};
  return {
    constants: { ADD: tensor !== undefined },
    bind: (tensor ? { other: tensor } : {}) as Record<string, Tensor>,
    params: { add_offset: tensor?.offset ?? 0, add_stride: tensor?.stride ?? 0, add_every: every },
  };
}
