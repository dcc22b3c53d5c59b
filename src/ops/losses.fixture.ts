/** Losses as ops, for tests. */
import { type Graph, Tensor } from "../engine/graph";
import { randoms } from "./evidence";
import type { Loss } from "./losses";

/** The upstream gradient that `check` plants at an op's single value. */
const UPSTREAM = randoms(1, 77)[0];

/** A loss that `check` can differentiate, the sum of several if more are given; its value is that of the first. */
export function asOp(graph: Graph, ...losses: Loss[]): Tensor {
  const seen = new Tensor(graph, losses[0].value.storage, [1], "f32", true);
  graph.record(seen, (_, grads) => {
    for (const loss of losses) loss.seed(UPSTREAM, grads);
  });
  return seen;
}
