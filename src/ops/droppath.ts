/** Stochastic depth; see shaders/droppath.wgsl. */
import type { Live, RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";

export interface DropPathOptions {
  /** A number in [0, 1) for each image, [B]: the branch is left out where it is below the rate. */
  draws: Tensor;
  /** The rate is `most` times `share`; 0 leaves nothing out, 1 everything. */
  most: Live | number;
  share: number;
}

/**
 * residual + branch / (1 - rate) for the images that keep the branch, the residual alone for the others. `branch` and
 * `residual` have as many rows and columns, image by image. Throws when rows do not fall into the images that are drawn for.
 */
export function dropPath(branch: Tensor, residual: Tensor, o: DropPathOptions): Tensor {
  const { graph, rows, cols } = branch;
  const each = rows / o.draws.size;
  if (!Number.isInteger(each) || residual.rows !== rows || residual.cols !== cols)
    throw new Error(`dropPath: branch is [${branch.shape}], residual [${residual.shape}], draws [${o.draws.shape}]`);
  const scaled = (x: Tensor, added?: RowGradient) => {
    const out = graph.temp(branch.shape, branch.dtype, branch.needsGrad || residual.needsGrad);
    const { constants, bind, params } = plus(added);
    graph.launch("droppath", "scale_images", {
      constants,
      bind: { ...bind, x, draws: o.draws, out },
      params: { rows, cols, each, ...place("x", x), draws_offset: o.draws.offset, ...params, most: o.most, share: o.share },
      threads: out.size,
    });
    return out;
  };
  const y = scaled(branch, { tensor: residual, every: 1 });
  if (y.needsGrad)
    graph.record(y, (g, grads) => {
      grads.alias(residual, g);
      grads.add(branch, (previous) => scaled(g, previous));
    });
  return y;
}
