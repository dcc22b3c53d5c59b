/** Position embeddings for another number of patches; see shaders/positions.wgsl. */
import type { Tensor } from "../engine/graph";

/**
 * The parameter pos [1, 1 + from², D], of the class token and a square grid of patches, as [1, 1 + to², D]: the class token's row
 * as it is, the others interpolated bicubically, as DINO does for crops of another size. Throws when pos is no such parameter.
 */
export function resizePositions(pos: Tensor, from: number, to: number): Tensor {
  const { graph, cols: width } = pos;
  if (pos.size !== (1 + from ** 2) * width)
    throw new Error(`resizePositions: positions are [${pos.shape}] for a grid of ${from} x ${from}`);
  if (from === to) return pos;
  const params = { from_side: from, to_side: to, width };
  const out = graph.temp([1, 1 + to ** 2, width], "f32", pos.needsGrad);
  graph.launch("positions", "forward", { bind: { x: pos, out }, params, threads: out.size });
  if (pos.needsGrad)
    graph.record(out, (g, grads) => {
      const dpos = grads.piece(pos, 1);
      graph.launch("positions", "backward", { bind: { x: g, out: dpos }, params, threads: pos.size });
    });
  return out;
}
