/** What every transformer returns, whatever its family: the code that distils, masks and draws needs nothing else. */
import type { Tensor } from "../engine/graph";
import type { SaliencyOptions } from "../ops/attention";

/** Rows and columns of patches. */
export type Grid = readonly [rows: number, columns: number];

export interface Features {
  /** [batch, classes], or what stands for them in a model without a head. */
  logits: Tensor;
  /** Output of each block, [batch * tokens, width]; of the last one perhaps the class rows [batch, width] alone. */
  blocks: Tensor[];
  /** The patches an image is cut into, all of them: also where only some were shown. */
  grid: Grid;
  /** Attention that each patch receives in a block (from 1; the last by default): [batch, N], per head [batch, heads, N]. */
  saliency(options?: SaliencyOptions & { block?: number }): Tensor;
}
