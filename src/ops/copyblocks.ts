/** Copies of some blocks of 64 numbers; see shaders/elementwise.wgsl. */
import type { Tensor } from "../engine/graph";

/** Numbers of a block. */
export const BLOCK = 64;

/** Of blocks that are not copied. */
export const NOWHERE = 0xffffffff;

/** Writes block i of `blocks` [64 n] to block to[i] of `out`, for `to` u32 [n]. No gradient. */
export function copyBlocks(blocks: Tensor, to: Tensor, out: Tensor): void {
  const params = { a_offset: 0, a_stride: 0, b_offset: 0, b_stride: 0, every: 1, rows: to.size, cols: BLOCK };
  out.graph.launch("elementwise", "copy_blocks", { bind: { b4: blocks, to, out4: out }, params, threads: (BLOCK / 4) * to.size });
}
