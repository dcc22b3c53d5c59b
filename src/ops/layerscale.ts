/** Layer scale; see shaders/layerscale.wgsl. */
import type { RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";

/** Rows that one lane sums for the gradient of the factors. */
const PART_ROWS = 32;

/**
 * residual + x * gamma for a branch x and a residual of as many rows and columns, and a parameter gamma [D]; without a residual
 * the product alone. Throws when the shapes disagree.
 */
export function layerScale(x: Tensor, gamma: Tensor, residual?: Tensor): Tensor {
  const { graph, rows, cols } = x;
  if (gamma.size !== cols || (residual && (residual.rows !== rows || residual.cols !== cols)))
    throw new Error(`layerScale: branch is [${x.shape}], gamma [${gamma.shape}], residual [${residual?.shape}]`);
  const needsGrad = x.needsGrad || gamma.needsGrad || (residual?.needsGrad ?? false);
  const sizes = { rows, cols, part_rows: PART_ROWS };
  const scaled = (of: Tensor, added?: RowGradient) => {
    const out = graph.temp(x.shape, x.dtype, needsGrad);
    const { constants, bind, params } = plus(added);
    const places = { ...place("x", of), ...place("g", of) };
    const all = { ...bind, x: of, gamma, out };
    graph.launch("layerscale", "scale_columns", { constants, bind: all, params: { ...sizes, ...places, ...params }, threads: out.size });
    return out;
  };
  const y = scaled(x, residual && { tensor: residual, every: 1 });
  if (needsGrad)
    graph.record(y, (g, grads) => {
      if (residual) grads.alias(residual, g);
      if (gamma.needsGrad) {
        const out = grads.piece(gamma, Math.ceil(rows / PART_ROWS));
        const params = { ...sizes, ...place("x", x), ...place("g", g), ...plus().params };
        graph.launch("layerscale", "factor_sums", { bind: { x, g, out }, params, threads: out.size });
      }
      grads.add(x, (previous) => scaled(g, previous));
    });
  return y;
}
