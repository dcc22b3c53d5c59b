/** Softmax and log-softmax over the last axis; see shaders/softmax.wgsl. */
import type { RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";
import { lanesPerRow } from "./variants";

/** exp(x) / sum exp(x) over the last axis of x [.., C]; rows may have gaps. */
export function softmax(x: Tensor): Tensor {
  return normalise(x, false);
}

/** log softmax(x), computed without taking the logarithm of a quotient. */
export function logSoftmax(x: Tensor): Tensor {
  return normalise(x, true);
}

function normalise(x: Tensor, LOG: boolean): Tensor {
  const { graph, rows, cols } = x;
  const y = graph.temp(x.shape, "f32", x.needsGrad);
  const params = { rows, cols, ...place("x", x), ...plus().params };
  const GROUP = lanesPerRow(graph.engine, cols);
  graph.launch("softmax", "forward", { constants: { LOG, GROUP }, bind: { input: x, out: y }, params, threads: rows * GROUP });
  if (x.needsGrad) graph.record(y, (g, grads) => grads.add(x, (previous) => backward(y, g, LOG, previous)));
  return y;
}

function backward(y: Tensor, g: Tensor, LOG: boolean, previous?: RowGradient): Tensor {
  const { graph, rows, cols } = y;
  const out = graph.temp(y.shape);
  const { constants, bind, params } = plus(previous);
  const GROUP = lanesPerRow(graph.engine, cols);
  graph.launch("softmax", "backward", {
    constants: { ...constants, LOG, GROUP },
    bind: { ...bind, input: g, result: y, out },
    params: { ...params, rows, cols, ...place("x", g) },
    threads: rows * GROUP,
  });
  return out;
}
