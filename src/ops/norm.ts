/** Layer normalisation. */
import type { Gradients, RowGradient, Tensor } from "../engine/graph";
import type { Constants } from "../engine/wgsl";
import { place, plus } from "./accumulate";
import { choice, ROWS, wantedGroups } from "./variants";

/** y = (x - mean) / sqrt(var + eps) * gamma + beta over the last axis of x; gamma and beta are parameters [D]. */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, eps = 1e-6): Tensor {
  if (gamma.size !== x.cols || beta.size !== x.cols) throw new Error(`layerNorm: x is [${x.shape}], gamma [${gamma.shape}]`);
  const { graph } = x;
  const needsGrad = x.needsGrad || gamma.needsGrad;
  const y = graph.temp(x.shape, x.dtype, needsGrad);
  const stats = needsGrad ? graph.temp([x.rows, 2]) : undefined;
  const { quads, constants, part, rowThreads } = teamsOf(x);
  graph.launch("layernorm", quads ? "quad_forward" : "forward", {
    constants: { ...constants, KEEP: needsGrad },
    bind: { x4: x, x1: x, gamma, beta, out4: y, out1: y, ...(stats && { stats }) },
    params: { ...params(x, eps), part },
    threads: rowThreads,
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
  const out = x.graph.temp(x.shape, x.dtype);
  const { quads, constants, part, parts, rowThreads, sumThreads } = teamsOf(x);
  const affine = gamma.needsGrad;
  const { bind, params: add, constants: added } = plus(previous);
  x.graph.launch("layernorm", quads ? "quad_backward" : "backward", {
    constants: { ...constants, ...added, AFFINE: affine },
    bind: {
      ...{ x4: x, x1: x, g4: g, g1: g, gamma, stats_in: stats, out4: out, out1: out, ...bind },
      ...(affine && { dgamma: grads.piece(gamma, parts), dbeta: grads.piece(beta, parts) }),
    },
    params: { ...params(x), ...add, part, row_groups: rowThreads / WORKGROUP },
    threads: rowThreads + (affine ? sumThreads : 0),
  });
  return out;
}

/** Lanes per workgroup, unless quads hold the rows. */
const WORKGROUP = 64;
/** Most vec4s of a row that a lane of a quad holds: more would not stay in registers. */
const MOST_HELD = 8;

interface Teams {
  quads: boolean;
  constants: Constants;
  part: number;
  parts: number;
  rowThreads: number;
  sumThreads: number;
}

/**
 * Who computes. Quads, where the choice is so and they hold rows evenly: each has `part` rows and sums dgamma and dbeta on the
 * way. Else lanes or workgroups take rows, in whole workgroups, and further lanes (`sumThreads`) do those sums.
 */
function teamsOf(x: Tensor): Teams {
  const { group, quads } = ROWS[choice(x.graph.engine).rows];
  const VEC = x.cols % 4 === 0 && x.offset % 4 === 0 && x.stride % 4 === 0;
  const ranges = split(x);
  if (quads && VEC && x.cols % 16 === 0 && x.cols <= 16 * MOST_HELD)
    return { quads, constants: { VEC, HELD: x.cols / 16 }, ...ranges, rowThreads: 4 * ranges.parts, sumThreads: 0 };
  const rowThreads = Math.ceil((x.rows * group) / WORKGROUP) * WORKGROUP;
  return { quads: false, constants: { VEC, GROUP: group }, ...ranges, rowThreads, sumThreads: ranges.parts * Math.ceil(x.cols / 4) };
}

/** How rows are divided among those who sum dgamma and dbeta: about 32 each, more when there are many. */
function split(x: Tensor): { parts: number; part: number } {
  const fours = Math.ceil(x.cols / 4);
  const wanted = Math.max(1, Math.min(Math.ceil(x.rows / 32), Math.ceil((64 * wantedGroups(x.graph.engine)) / fours)));
  const part = Math.ceil(x.rows / wanted);
  return { part, parts: Math.ceil(x.rows / part) };
}

function params(x: Tensor, eps = 0) {
  return { rows: x.rows, cols: x.cols, ...place("x", x), ...plus().params, part: 0, row_groups: 0, eps };
}
