/** Layer normalisation. */
import type { Gradients, RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";
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
    groups: rowGroupsOf(x),
  });
  if (stats) graph.record(y, (g, grads) => grads.add(x, (previous) => backward({ x, gamma, beta, stats }, g, grads, previous)));
  return y;
}

interface Forward {
  x: Tensor;
  gamma: Tensor;
  beta: Tensor;
  stats: Tensor;
}

/** The gradient of x, which is returned, and those of gamma and beta. */
function backward({ x, gamma, beta, stats }: Forward, g: Tensor, grads: Gradients, previous?: RowGradient): Tensor {
  const out = x.graph.temp(x.shape);
  const rowGroups = rowGroupsOf(x);
  const affine = gamma.needsGrad ? split(x) : undefined;
  const { constants, bind, params: add } = plus(previous);
  x.graph.launch("layernorm", "backward", {
    constants: { ...layout(x), ...constants, AFFINE: affine !== undefined },
    bind: {
      ...{ x4: x, x1: x, g4: g, g1: g, gamma, stats_in: stats, out4: out, out1: out, ...bind },
      ...(affine && { dgamma: grads.piece(gamma, affine.parts), dbeta: grads.piece(beta, affine.parts) }),
    },
    params: { ...params(x), ...add, part: affine?.part ?? 0, row_groups: rowGroups },
    groups: rowGroups + (affine?.groups ?? 0),
  });
  return out;
}

/** How the rows are divided among the lanes that sum dgamma and dbeta: about 32 rows each, more when there are many. */
function split(x: Tensor): { parts: number; part: number; groups: number } {
  const fours = Math.ceil(x.cols / 4);
  const wanted = Math.max(1, Math.min(Math.ceil(x.rows / 32), Math.ceil((64 * wantedGroups(x.graph.engine)) / fours)));
  const part = Math.ceil(x.rows / wanted);
  const parts = Math.ceil(x.rows / part);
  return { part, parts, groups: Math.ceil((parts * fours) / 64) };
}

function layout(x: Tensor): { GROUP: number; VEC: boolean } {
  const { group } = ROWS[choice(x.graph.engine).rows];
  return { GROUP: group, VEC: x.cols % 4 === 0 && x.offset % 4 === 0 && x.stride % 4 === 0 };
}

function rowGroupsOf(x: Tensor): number {
  return Math.ceil((x.rows * layout(x).GROUP) / 64);
}

function params(x: Tensor, eps = 0) {
  return { rows: x.rows, cols: x.cols, ...place("x", x), ...plus().params, part: 0, row_groups: 0, eps };
}
