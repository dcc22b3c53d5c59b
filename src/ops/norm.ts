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
  const y = graph.temp(x.shape, "f32", needsGrad);
  const stats = needsGrad ? graph.temp([x.rows, 2]) : undefined;
  const held = heldBy(x);
  const { part, parts } = held ? split(x) : { part: 0, parts: 0 };
  graph.launch("layernorm", held ? "quad_forward" : "forward", {
    constants: { ...layout(x), KEEP: needsGrad },
    bind: { x4: x, x1: x, gamma, beta, out4: y, out1: y, ...(stats && { stats }) },
    params: { ...params(x, eps), part },
    groups: held ? Math.ceil(parts / QUADS) : rowGroupsOf(x),
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
  const held = heldBy(x);
  const rowGroups = held ? 0 : rowGroupsOf(x);
  const affine = gamma.needsGrad;
  const { part, parts } = split(x);
  const sums = Math.ceil(held ? parts / QUADS : affine ? (parts * Math.ceil(x.cols / 4)) / 64 : 0);
  const { constants, bind, params: add } = plus(previous);
  x.graph.launch("layernorm", held ? "quad_backward" : "backward", {
    constants: { ...layout(x), ...constants, AFFINE: affine },
    bind: {
      ...{ x4: x, x1: x, g4: g, g1: g, gamma, stats_in: stats, out4: out, out1: out, ...bind },
      ...(affine && { dgamma: grads.piece(gamma, parts), dbeta: grads.piece(beta, parts) }),
    },
    params: { ...params(x), ...add, part, row_groups: rowGroups },
    groups: rowGroups + sums,
  });
  return out;
}

/** Quads per workgroup, and the most vec4s of a row that a lane of one holds: more would not stay in registers. */
const QUADS = 2;
const MOST_HELD = 8;

/** The vec4s of a row that each lane of a quad holds, if rows go to quads here and fill them evenly. */
function heldBy(x: Tensor): number | undefined {
  const held = x.cols / 16;
  const { quads } = ROWS[choice(x.graph.engine).rows];
  return quads && aligned(x) && Number.isInteger(held) && held <= MOST_HELD ? held : undefined;
}

/** How rows are divided among those who sum dgamma and dbeta: about 32 each, more when there are many. */
function split(x: Tensor): { parts: number; part: number } {
  const fours = Math.ceil(x.cols / 4);
  const wanted = Math.max(1, Math.min(Math.ceil(x.rows / 32), Math.ceil((64 * wantedGroups(x.graph.engine)) / fours)));
  const part = Math.ceil(x.rows / wanted);
  return { part, parts: Math.ceil(x.rows / part) };
}

const aligned = (x: Tensor) => x.cols % 4 === 0 && x.offset % 4 === 0 && x.stride % 4 === 0;

function layout(x: Tensor): Constants {
  const held = heldBy(x);
  return { VEC: aligned(x), ...(held ? { HELD: held } : { GROUP: groupOf(x) }) };
}

const groupOf = (x: Tensor) => ROWS[choice(x.graph.engine).rows].group;

function rowGroupsOf(x: Tensor): number {
  return Math.ceil((x.rows * groupOf(x)) / 64);
}

function params(x: Tensor, eps = 0) {
  return { rows: x.rows, cols: x.cols, ...place("x", x), ...plus().params, part: 0, row_groups: 0, eps };
}
