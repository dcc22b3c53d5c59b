/** Comparing a student's features and logits with a teacher's; see shaders/features.wgsl. */
import type { Gradients, Live, RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";
import { type Loss, sum } from "./losses";
import { lanesPerRow } from "./variants";

const POWERS = { square: 2, absolute: 1, smooth: 0 } as const;

export interface ErrorOptions {
  /** e(d) of each difference: d^2 (default), |d|, or smooth |d|: d^2 / 2 beta below beta, |d| - beta / 2 above. */
  power?: keyof typeof POWERS;
  /** Default 1. */
  beta?: number;
  /** What the sum is multiplied with. Default 1. */
  scale?: number;
  /** A weight for each row (pixel) of `student`. No gradient. */
  rows?: Tensor;
  /** A weight for each image and channel, [B, C]. No gradient. */
  channels?: Tensor;
}

/**
 * scale * sum of e(student - teacher), weighted, over maps [.., C]. `student` may be a stack of maps of which each is compared
 * with the same `teacher`. Gradients reach whichever of the two wants them. `rows` is what each row adds, [rows]. Throws when
 * the shapes disagree.
 */
export function errorLoss(student: Tensor, teacher: Tensor, options: ErrorOptions = {}): Loss & { rows: Tensor } {
  const { power = "square", beta = 1, scale = 1, rows: perRow, channels } = options;
  const { graph, rows, cols } = student;
  const stacked = rows !== teacher.rows;
  if (cols !== teacher.cols || rows % teacher.rows || (stacked && teacher.needsGrad))
    throw new Error(`errorLoss: student is [${student.shape}], teacher [${teacher.shape}]`);
  if ((perRow && perRow.size !== rows) || (channels && channels.cols !== cols))
    throw new Error(`errorLoss: weights [${perRow?.shape}] and [${channels?.shape}] for [${student.shape}]`);
  const launch = {
    constants: { POWER: POWERS[power], ROW_WEIGHTS: perRow !== undefined, CHANNEL_WEIGHTS: channels !== undefined },
    bind: { ...(perRow && { row_weights: perRow }), ...(channels && { channel_weights: channels }) },
    params: { ...NOTHING, rows, cols, b_rows: teacher.rows, image: rows / (channels?.rows ?? 1), scale, beta, sharpness: 1 / beta },
  };
  const out = graph.temp([rows]);
  const GROUP = lanesPerRow(graph.engine, cols);
  graph.launch("features", "error", {
    constants: { ...launch.constants, GROUP },
    bind: { ...launch.bind, a: student, b: teacher, out },
    ...{ params: launch.params, threads: rows * GROUP },
  });
  return {
    value: sum(out).value,
    rows: out,
    seed: (weight, grads) => {
      const params = { ...launch.params, weight };
      for (const [a, b] of [[student, teacher] as const, [teacher, student] as const])
        grads.add(a, (previous) => gradient(a, "error_gradient", launch.constants, { ...launch.bind, a, b }, params, previous));
    },
  };
}

/** Mean over the rows of |student - teacher|, the Euclidean length over the columns. The gradient reaches the student alone. */
export function distanceLoss(student: Tensor, teacher: Tensor): Loss {
  const { graph, rows, cols } = student;
  if (teacher.rows !== rows || teacher.cols !== cols)
    throw new Error(`distanceLoss: student is [${student.shape}], teacher [${teacher.shape}]`);
  const params = { ...NOTHING, rows, cols, scale: 1 / rows };
  const bind = { a: student, b: teacher };
  const out = graph.temp([rows]);
  const GROUP = lanesPerRow(graph.engine, cols);
  graph.launch("features", "distance", { constants: { GROUP }, bind: { ...bind, out }, params, threads: rows * GROUP });
  return {
    value: sum(out).value,
    seed: (weight, grads) =>
      grads.add(student, (previous) =>
        gradient(student, "distance_gradient", { GROUP }, bind, { ...params, weight }, previous, rows * GROUP),
      ),
  };
}

/** The shares of a mixture: two numbers, or a parameter s [1] by which lambda = sigmoid(s) and mu = 1 - lambda are learned. */
export type Shares = { lambda: number | Live; mu: number | Live } | { learned: Tensor };

/** SAMKD Eq. 7: lambda a + mu b, element by element. */
export function mix(a: Tensor, b: Tensor, shares: Shares): Tensor {
  if (a.size !== b.size || a.cols !== b.cols) throw new Error(`mix: [${a.shape}] and [${b.shape}] do not match`);
  const { graph, rows, cols } = a;
  const learned = "learned" in shares ? shares.learned : undefined;
  const constants = { LEARNED: learned !== undefined };
  const fixed = "learned" in shares ? {} : shares;
  const params = { ...NOTHING, rows, cols, ...fixed };
  const shared = learned && { share: learned };
  const out = graph.temp(a.shape, "f32", a.needsGrad || b.needsGrad || (learned?.needsGrad ?? false));
  graph.launch("features", "blend", { constants, bind: { a, b, out, ...shared }, params, threads: out.size });
  const back = (x: Tensor, g: Tensor, grads: Gradients, SECOND: boolean) =>
    grads.add(x, (previous) => gradient(x, "blend_gradient", { ...constants, SECOND }, { g, ...shared }, params, previous));
  if (out.needsGrad)
    graph.record(out, (g, grads) => {
      back(a, g, grads, false);
      back(b, g, grads, true);
      if (learned?.needsGrad) grads.alias(learned, shareGradient(a, b, g, learned));
    });
  return out;
}

function shareGradient(a: Tensor, b: Tensor, g: Tensor, share: Tensor): Tensor {
  const { graph, rows, cols } = a;
  const out = graph.temp([rows]);
  const GROUP = lanesPerRow(graph.engine, cols);
  const bind = { a, b, g, share, out };
  graph.launch("features", "share_gradient", { constants: { GROUP }, bind, params: { ...NOTHING, rows, cols }, threads: rows * GROUP });
  return sum(out).value;
}

/** (a . b, a . a, b . b) over the last axis of a and b [.., C]: [.., 3]. */
export function products(a: Tensor, b: Tensor): Tensor {
  if (a.size !== b.size || a.cols !== b.cols) throw new Error(`products: [${a.shape}] and [${b.shape}] do not match`);
  const { graph, rows, cols } = a;
  const params = { ...NOTHING, rows, cols, a_offset: a.offset, b_offset: b.offset };
  const out = graph.temp([...a.shape.slice(0, -1), 3], "f32", a.needsGrad || b.needsGrad);
  const GROUP = lanesPerRow(graph.engine, cols);
  graph.launch("features", "products", { constants: { GROUP }, bind: { a, b, out }, params, threads: rows * GROUP });
  const back = (a: Tensor, b: Tensor, own: number, g: Tensor, grads: Gradients) =>
    grads.add(a, (previous) =>
      gradient(a, "products_gradient", {}, { a, b, g }, { ...params, a_offset: a.offset, b_offset: b.offset, own }, previous),
    );
  if (out.needsGrad)
    graph.record(out, (g, grads) => {
      back(a, b, 1, g, grads);
      back(b, a, 2, g, grads);
    });
  return out;
}

/**
 * SAMKD Eq. 11: the cosine distance 1 - u.v / (|u| |v|) in [0, 2] from products [.., 3] of u and v, or from their sums over
 * several pixels: [..]. Where either is zero the distance is 1.
 */
export function cosineDistance(dots: Tensor): Tensor {
  const { graph, rows } = dots;
  const params = { ...NOTHING, rows, cols: 3 };
  const out = graph.temp(dots.shape.slice(0, -1), "f32", dots.needsGrad);
  graph.launch("features", "distances", { bind: { a: dots, out }, params, threads: rows });
  if (dots.needsGrad)
    graph.record(out, (g, grads) =>
      grads.add(dots, (previous) => gradient(dots, "distances_gradient", {}, { a: dots, g }, params, previous, rows)),
    );
  return out;
}

export interface DivergenceOptions {
  /** Classes K; the columns of the logits are groups of them (anchors), whose divergences are averaged. */
  classes: number;
  /** "softmax": classes compete. "bernoulli": a coin for each class, as detectors are trained; summed over classes. */
  kind: "softmax" | "bernoulli";
  temperature: number | Live;
  /** W, a weight for each row. Its gradient flows if it wants one: give it detached when it should not. */
  weights?: Tensor;
  /** What the sum over rows is multiplied with. Default: one over their number. */
  scale?: number;
}

/** SAMKD Eq. 12: scale * sum over rows of W KL(teacher || student) T^2, for logits [.., groups * K]. `kl` is that of each row. */
export function divergenceLoss(student: Tensor, teacher: Tensor, o: DivergenceOptions): Loss & { kl: Tensor } {
  const { graph, rows, cols } = student;
  const { weights } = o;
  if (teacher.rows !== rows || teacher.cols !== cols || cols % o.classes || (weights && weights.size !== rows))
    throw new Error(`divergenceLoss: [${student.shape}], [${teacher.shape}], ${o.classes} classes, weights [${weights?.shape}]`);
  const constants = { BERNOULLI: o.kind === "bernoulli", ROW_WEIGHTS: weights !== undefined };
  const params = { ...NOTHING, rows, cols, classes: o.classes, temperature: o.temperature, scale: o.scale ?? 1 / rows };
  const bind = { a: student, b: teacher, ...(weights && { row_weights: weights }) };
  const kl = graph.temp(student.shape.slice(0, -1));
  const out = graph.temp([rows]);
  graph.launch("features", "divergence", { constants, bind: { ...bind, kl, out }, params, threads: rows });
  return {
    value: sum(out).value,
    kl,
    seed: (weight, grads) => {
      const now = { ...params, weight };
      const groups = cols / o.classes;
      grads.add(student, (previous) => gradient(student, "divergence_gradient", constants, bind, now, previous, rows * groups));
      if (weights)
        grads.add(weights, (previous) => gradient(weights, "weight_gradient", {}, { a: kl }, { ...now, cols: weights.cols }, previous));
    },
  };
}

type Params = Record<string, number | Live>;

function gradient(
  x: Tensor,
  entry: string,
  constants: Record<string, number | boolean>,
  bind: Record<string, Tensor>,
  params: Params,
  previous?: RowGradient,
  threads = x.size,
): Tensor {
  const out = x.graph.temp(x.shape);
  const add = plus(previous);
  x.graph.launch("features", entry, {
    constants: { ...constants, ...add.constants },
    bind: { ...bind, ...add.bind, out },
    params: { ...params, ...add.params },
    threads,
  });
  return out;
}

/** Parameters of an entry point that has no use for them. */
const NOTHING = {
  ...{ rows: 0, cols: 0, b_rows: 1, a_offset: 0, b_offset: 0, image: 1, own: 0, classes: 1, lambda: 0, mu: 0 },
  ...{ temperature: 1, weight: 0, scale: 1, beta: 1, sharpness: 1, ...plus().params },
};
