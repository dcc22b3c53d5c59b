/**
 * Losses: the last ops of a step. Each gives its value and, on request, plants its gradient:
 *
 *     const ce = crossEntropy(logits, { labels });
 *     const kd = distillation(logits, teacherLogits, 4);
 *     graph.gradients((g) => { ce.seed(1, g); kd.seed(lambda, g); });
 *
 * A gradient kernel adds to what an earlier loss left at the same logits. See shaders/losses.wgsl.
 */
import type { Gradients, Live, RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";
import { lanesPerRow } from "./variants";

export interface Loss {
  /** [1]. */
  value: Tensor;
  /** Plants the gradient of `weight` times the value. */
  seed(weight: number | Live, grads: Gradients): void;
}

/** A loss whose value is the mean (of `sum`: the sum) over `rows`. */
export interface RowLoss extends Loss {
  /** [B], one per sample. */
  rows: Tensor;
}

/** Classes u32 [B] (each below K), mixed with the uniform distribution by `smoothing`; or any weights f32 [B, K]. */
export type Truth = { labels: Tensor; smoothing?: number | Live } | { targets: Tensor };

/**
 * Mean over the batch of -sum_c t_c log softmax(z)_c for logits z [B, K]. Soft targets need not sum to one: the gradient
 * is ((sum t) softmax(z) - t) / B. Throws when the shapes or types disagree.
 */
export function crossEntropy(logits: Tensor, truth: Truth): RowLoss {
  const SOFT = "targets" in truth;
  const t = SOFT ? truth.targets : truth.labels;
  if (SOFT) assertSameShape("crossEntropy", logits, t);
  else if (t.dtype !== "u32" || t.size !== logits.rows)
    throw new Error(`crossEntropy: labels are ${t.dtype} [${t.shape}] for logits [${logits.shape}]`);
  const params = { ...NEUTRAL, ...place("t", t), ...(!SOFT && { smoothing: truth.smoothing ?? 0 }) };
  return rowLoss(logits, "cross_entropy", { SOFT }, { labels: t, targets: t }, params);
}

/**
 * T^2 / B sum_b KL(softmax(teacher / T) || softmax(student / T)) for logits [B, K] and a temperature T. The gradient,
 * T / B (softmax(student / T) - softmax(teacher / T)), reaches the student alone. Throws when the shapes disagree.
 *
 * Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015; divided by B, as MaskedKD does.
 */
export function distillation(student: Tensor, teacher: Tensor, temperature: number | Live): RowLoss {
  assertSameShape("distillation", student, teacher);
  return rowLoss(student, "distillation", {}, { targets: teacher }, { ...NEUTRAL, ...place("t", teacher), temperature });
}

/** The mean of all elements; a row is the mean of one x[b]. */
export function mean(x: Tensor): RowLoss {
  const batch = x.shape.length > 0 ? x.shape[0] : 1;
  return reduction(x, batch, batch / x.size, 1 / batch);
}

/** The sum of all elements; a row is the sum of one x[b]. */
export function sum(x: Tensor): RowLoss {
  return reduction(x, x.shape.length > 0 ? x.shape[0] : 1, 1, 1);
}

/** Parameters of a loss that has no use for them. */
const NEUTRAL = { t_offset: 0, t_stride: 0, smoothing: 0, temperature: 1, weight: 0 } as const;

type Params = Record<string, number | Live>;

/** A loss made of two kernels, `entry` and its gradient, that share all their parameters. */
function rowLoss(
  logits: Tensor,
  entry: "cross_entropy" | "distillation",
  constants: Record<string, boolean>,
  bind: Record<string, Tensor>,
  own: Params,
): RowLoss {
  const { graph, rows: batch } = logits;
  const rows = graph.temp([batch]);
  const stats = graph.temp([batch, 4]);
  const params = { ...own, rows: batch, cols: logits.cols, ...place("z", logits), scale: 1 / batch };
  const GROUP = lanesPerRow(graph.engine, logits.cols);
  graph.launch("losses", entry, {
    constants: { ...constants, GROUP },
    bind: { ...bind, logits, stats, out: rows },
    params: { ...params, ...plus().params },
    threads: batch * GROUP,
  });
  const gradient = (weight: number | Live, previous?: RowGradient) => {
    const out = graph.temp(logits.shape);
    const add = plus(previous);
    graph.launch("losses", `${entry}_gradient`, {
      constants: { ...constants, ...add.constants },
      bind: { ...bind, ...add.bind, logits, stats_in: stats, out },
      params: { ...params, ...add.params, weight },
      threads: out.size,
    });
    return out;
  };
  return {
    value: sums(rows, 1, 1 / batch),
    rows,
    seed: (weight, grads) => grads.add(logits, (previous) => gradient(weight, previous)),
  };
}

function reduction(x: Tensor, batch: number, perRow: number, perBatch: number): RowLoss {
  const rows = x.size === batch && x.stride === x.cols ? x.reshape([batch]) : sums(x, batch, perRow);
  return {
    value: sums(rows, 1, perBatch),
    rows,
    seed: (weight, grads) => grads.add(x, (previous) => spread(x, weight, perRow * perBatch, previous)),
  };
}

function spread(x: Tensor, weight: number | Live, scale: number, previous?: RowGradient): Tensor {
  const out = x.graph.temp(x.shape);
  const { constants, bind, params } = plus(previous);
  x.graph.launch("losses", "spread", {
    constants,
    bind: { ...bind, out },
    params: { ...NEUTRAL, ...params, rows: x.rows, cols: x.cols, ...place("z", x), weight, scale },
    threads: out.size,
  });
  return out;
}

/** A lane sums at most about so many numbers one by one; longer runs are summed in parts first. */
const LONGEST_RUN = 512;

/** Splits the elements of x, in order, into `runs` equal runs; scale times the sum of each, [runs]. */
function sums(x: Tensor, runs: number, scale: number): Tensor {
  const length = x.size / runs;
  if (length <= LONGEST_RUN) return sumParts(x, runs, 1, scale).reshape([runs]);
  return sums(sumParts(x, runs, Math.ceil(Math.sqrt(length)), 1), runs, scale);
}

function sumParts(x: Tensor, runs: number, parts: number, scale: number): Tensor {
  const { graph, cols } = x;
  const out = graph.temp([runs, parts]);
  graph.launch("losses", "sums", {
    bind: { logits: x, out },
    params: { runs, length: x.size / runs, parts, cols, ...place("z", x), scale },
    threads: out.size,
  });
  return out;
}

function assertSameShape(op: string, a: Tensor, b: Tensor): void {
  if (a.dtype === "u32" || b.dtype === "u32" || a.rows !== b.rows || a.cols !== b.cols)
    throw new Error(`${op}: ${a.dtype} [${a.shape}] and ${b.dtype} [${b.shape}] do not match`);
}
