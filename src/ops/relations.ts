/** What base losses compare between two networks: Gram matrices of rows, and the class token's attention. See shaders/relations.wgsl. */
import type { Live, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";
import type { AttentionTrace } from "./attention";
import { type Loss, sum } from "./losses";

/** Each row of x divided by its length. */
export function unitRows(x: Tensor): Tensor {
  const { graph, rows, cols } = x;
  const scales = graph.temp([rows]);
  const out = graph.temp([rows, cols], "f32", x.needsGrad);
  const params = { ...NONE, rows, cols, ...place("x", x) };
  graph.launch("relations", "lengths", { bind: { x, out: scales }, params, threads: rows });
  graph.launch("relations", "unit_rows", { bind: { x, scales, out }, params, threads: out.size });
  if (x.needsGrad)
    graph.record(out, (g, grads) =>
      grads.add(x, (previous) => {
        const dx = graph.temp([rows, cols]);
        const add = plus(previous);
        graph.launch("relations", "unit_rows_gradient", {
          constants: add.constants,
          bind: { ...add.bind, x: out, scales, g, out: dx },
          params: { ...params, ...add.params },
          threads: dx.size,
        });
        return dx;
      }),
    );
  return out;
}

/** Rows of a student and of a teacher, [R, d] and [R, d'], that are compared within groups. */
export interface GramPair {
  student: Tensor;
  teacher: Tensor;
  /** Number of groups the R rows fall into. */
  groups: number;
  /** A group's rows lie `groups` apart instead of side by side. */
  across?: boolean;
  /** Weight of this pair's mean square. */
  factor: number;
}

/**
 * sum over pairs of factor times the mean over groups and rows i, j of (t_i . t_j - s_i . s_j)^2. No gradient reaches the
 * teacher. Throws when the rows of a pair do not match or do not fall into groups.
 */
export function gramLoss(pairs: readonly GramPair[]): Loss {
  const { graph } = pairs[0].student;
  const sizes = pairs.map(({ student: { rows }, groups }) => rows ** 2 / groups);
  const squares = graph.temp([sizes.reduce((a, b) => a + b, 0)]);
  let from = 0;
  const parts = pairs.map((pair, i) => {
    from += sizes[i];
    return gram(pair, squares, from - sizes[i]);
  });
  return {
    value: sum(squares).value,
    seed: (weight, grads) => {
      for (const part of parts) grads.add(part.student, (previous) => gramGradient(part, weight, previous));
    },
  };
}

type Part = ReturnType<typeof gram>;

function gram({ student, teacher, groups, across = false, factor }: GramPair, squares: Tensor, out_offset: number) {
  const { graph, rows, cols } = student;
  const items = rows / groups;
  if (teacher.rows !== rows || !Number.isInteger(items))
    throw new Error(`gramLoss: rows of [${student.shape}] and [${teacher.shape}] in ${groups} groups`);
  const constants = { ACROSS: across };
  const params = { ...NONE, rows, cols, t_cols: teacher.cols, groups, items, factor: factor / (rows * items) };
  const differences = graph.temp([groups, items, items]);
  graph.launch("relations", "gram", {
    constants,
    bind: { x: student, t: teacher, out: squares, differences },
    params: { ...params, out_offset },
    threads: differences.size,
  });
  return { student, differences, constants, params };
}

function gramGradient(
  { student, differences, constants, params }: Part,
  weight: number | Live,
  previous?: Parameters<typeof plus>[0],
): Tensor {
  const out = student.graph.temp(student.shape);
  const add = plus(previous);
  student.graph.launch("relations", "gram_gradient", {
    constants: { ...constants, ...add.constants },
    bind: { ...add.bind, x: student, g: differences, out },
    params: { ...params, ...add.params, weight },
    threads: out.size,
  });
  return out;
}

/** Parameters that an entry point does not read. */
const NONE = { x_offset: 0, x_stride: 0, t_cols: 0, groups: 0, items: 0, out_offset: 0, factor: 0, weight: 0, ...plus().params };

/**
 * For each of L blocks the class token's attention as logits, block by block: [L * B, n] with its heads aggregated, softmax of
 * a row being softmax(sum_h log a_h / temperature); or `perHead`, [L * B * H, n], softmax of a row at temperature 1 being the
 * attention a_h itself, so that `distillation` of two networks with as many heads is the mean over blocks, images and heads.
 * With `kept` u32 [B, k] only the class token and those patches are attended to, and n is 1 + k.
 */
export function attentionLogits(traces: readonly AttentionTrace[], temperature: number | Live, kept?: Tensor, perHead = false): Tensor {
  const [{ q, batch, keys, heads }] = traces;
  const { graph } = q;
  const shown = kept ? 1 + kept.cols : keys;
  const rows = batch * (perHead ? heads : 1);
  const needsGrad = traces.some((trace) => trace.q.needsGrad || trace.kv.needsGrad);
  const out = graph.temp([traces.length * rows, shown], "f32", needsGrad);
  const params = traces.map((trace, i) => attentionParams(trace, temperature, perHead, shown, i * rows * shown));
  for (const [i, trace] of traces.entries())
    graph.launch("relations", "attention_logits", {
      constants: { KEPT: kept !== undefined },
      bind: { x: trace.q, t: trace.kv, out, ...(kept && { kept }) },
      params: params[i],
      threads: rows * shown,
    });
  if (needsGrad)
    graph.record(out, (g, grads) => {
      for (const [i, trace] of traces.entries())
        for (const of of new Set([trace.q, trace.kv]))
          grads.add(of, (previous) => attentionGradient(trace, of, g, params[i], kept, previous));
    });
  return out;
}

function attentionGradient(
  trace: AttentionTrace,
  of: Tensor,
  g: Tensor,
  params: ReturnType<typeof attentionParams>,
  kept?: Tensor,
  previous?: Parameters<typeof plus>[0],
): Tensor {
  const { q, kv, columns, queries } = trace;
  const out = of.graph.temp(of.shape);
  const add = plus(previous);
  const places = { q_every: of === q ? queries : 0, q_from: columns.q, k_from: of === kv ? columns.k : of.cols };
  of.graph.launch("relations", "attention_logits_gradient", {
    constants: { KEPT: kept !== undefined, ...add.constants },
    bind: { x: q, t: kv, g, out, ...add.bind, ...(kept && { kept }) },
    params: { ...params, ...add.params, ...places, rows: of.rows, cols: of.cols },
    threads: of.size,
  });
  return out;
}

function attentionParams(trace: AttentionTrace, temperature: number | Live, perHead: boolean, shown: number, u_offset: number) {
  const { q, kv, batch, heads, headDim, keys, queries, columns } = trace;
  const rows = perHead ? { heads, width: headDim } : { heads: 1, width: heads * headDim };
  return {
    ...{ batch, tokens: keys, shown, ...rows, u_offset, scale: 1 / Math.sqrt(headDim), temperature },
    ...{ q_offset: q.offset + columns.q, q_stride: queries * q.stride, k_offset: kv.offset + columns.k, k_stride: kv.stride },
    ...{ rows: 0, cols: 0, q_every: 0, q_from: 0, k_from: 0, ...plus().params },
  };
}
