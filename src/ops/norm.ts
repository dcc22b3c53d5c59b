/** Layer normalisation. */
import type { Gradients, RowGradient, Tensor } from "../engine/graph";
import { choice, ROWS, wantedGroups } from "./variants";

/** y = (x - mean) / sqrt(var + eps) * gamma + beta over the last axis of x; gamma and beta are parameters [D]. */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, eps = 1e-6): Tensor {
  if (gamma.size !== x.cols || beta.size !== x.cols) throw new Error(`layerNorm: x is [${x.shape}], gamma [${gamma.shape}]`);
  const { graph } = x;
  const needsGrad = x.needsGrad || gamma.needsGrad;
  const y = graph.temp(x.shape, "f32", needsGrad);
  const stats = needsGrad ? graph.temp([x.rows, 2]) : undefined;
  graph.launch("layernorm", "forward", {
    constants: { ...layout(x), KEEP: needsGrad },
    bind: { x4: x, x1: x, gamma, beta, out4: y, out1: y, ...(stats && { stats }) },
    params: params(x, eps),
    groups: rowGroups(x),
  });
  if (stats)
    graph.record(y, (g, grads) => {
      grads.add(x, (previous) => inputGradient(x, gamma, stats, g, previous));
      if (gamma.needsGrad) affineGradient(x, gamma, beta, stats, g, grads);
    });
  return y;
}

function inputGradient(x: Tensor, gamma: Tensor, stats: Tensor, g: Tensor, previous?: RowGradient): Tensor {
  const out = x.graph.temp(x.shape);
  x.graph.launch("layernorm", "backward", {
    constants: { ...layout(x), ADD: previous !== undefined },
    bind: { x4: x, x1: x, g4: g, g1: g, gamma, stats_in: stats, out4: out, out1: out, ...(previous && { other: previous.tensor }) },
    params: params(x, 0, previous),
    groups: rowGroups(x),
  });
  return out;
}

function affineGradient(x: Tensor, gamma: Tensor, beta: Tensor, stats: Tensor, g: Tensor, grads: Gradients): void {
  const fours = Math.ceil(x.cols / 4);
  const wanted = Math.min(Math.ceil(x.rows / 32), Math.ceil((64 * wantedGroups(x.graph.engine)) / fours));
  const part = Math.ceil(x.rows / wanted);
  const parts = Math.ceil(x.rows / part);
  const dgamma = grads.piece(gamma, parts);
  const dbeta = grads.piece(beta, parts);
  x.graph.launch("layernorm", "backward_affine", {
    constants: { VEC: layout(x).VEC },
    bind: { x4: x, x1: x, g4: g, g1: g, stats_in: stats, out4: dgamma, out1: dgamma, dbeta },
    params: { ...params(x, 0), part },
    threads: parts * fours,
  });
}

function layout(x: Tensor): { GROUP: number; VEC: boolean } {
  const { group } = ROWS[choice(x.graph.engine).rows];
  return { GROUP: group, VEC: x.cols % 4 === 0 && x.offset % 4 === 0 && x.stride % 4 === 0 };
}

function rowGroups(x: Tensor): number {
  return Math.ceil((x.rows * layout(x).GROUP) / 64);
}

function params(x: Tensor, eps: number, add?: RowGradient) {
  return {
    ...{ rows: x.rows, cols: x.cols, x_offset: x.offset, x_stride: x.stride, part: 0, eps },
    ...{ add_offset: add?.tensor.offset ?? 0, add_stride: add?.tensor.stride ?? 0, every: add?.every ?? 1 },
  };
}
