/** Self-distillation with no labels (DINO): its loss over views, and what follows by running means. See shaders/selfdistill.wgsl. */
import type { Live, RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";
import { type Loss, sum } from "./losses";
import { lanesPerRow } from "./variants";

/** The teacher's answer, in which no gradient flows. */
export interface TeacherViews {
  /** softmax((z - centre) / temperature) [V * B, K]; view after view. */
  probabilities: Tensor;
  /** Their entropies [V * B]. */
  entropies: Tensor;
}

/** Centred and sharpened probabilities of logits z [V * B, K]; the centre is [K]. */
export function centredProbabilities(logits: Tensor, centre: Tensor, temperature: number | Live): TeacherViews {
  const { graph, rows, cols } = logits;
  if (centre.size !== cols) throw new Error(`centredProbabilities: logits are [${logits.shape}], the centre is [${centre.shape}]`);
  const [probabilities, entropies] = [graph.temp([rows, cols]), graph.temp([rows])];
  const params = { ...NONE, rows, cols, ...place("z", logits), temperature };
  const bind = { z: logits, centre, out: probabilities, entropy: entropies };
  const GROUP = lanesPerRow(graph.engine, cols);
  graph.launch("selfdistill", "probabilities", { constants: { GROUP }, bind, params, threads: rows * GROUP });
  return { probabilities, entropies };
}

export interface ViewOptions {
  /** Images B. */
  batch: number;
  temperature: number | Live;
}

/**
 * The mean, over images and all pairs of a teacher's view i and a student's view v != i, of -sum_c q_i log softmax(z_v /
 * temperature). `views` are a student's logits [n * B, K], view after view: of the teacher's V views first, then of any others.
 * With V = 2 of 2 + n views these are 2 (2 + n) - 2 terms. Throws when sizes disagree.
 */
export function viewLoss(views: readonly Tensor[], probabilities: Tensor, { batch, temperature }: ViewOptions): Loss & { terms: number } {
  const whole = probabilities.rows / batch;
  const count = views.reduce((n, { rows }) => n + rows / batch, 0);
  for (const { shape, rows, cols } of [probabilities, ...views])
    if (cols !== probabilities.cols || !Number.isInteger(rows / batch))
      throw new Error(`viewLoss: [${shape}] is no number of views of ${batch} images with ${probabilities.cols} outputs`);
  if (count < whole) throw new Error(`viewLoss: ${count} views of the student, ${whole} of the teacher`);
  const terms = whole * count - whole;
  const rows = views[0].graph.temp([count * batch]);
  let first = 0;
  const parts = views.map((z) => {
    const part = onePart(z, probabilities, rows, { batch, first, whole, temperature, scale: 1 / (terms * batch) });
    first += z.rows / batch;
    return part;
  });
  return {
    terms,
    value: sum(rows).value,
    seed: (weight, grads) => {
      for (const { z, gradient } of parts) grads.add(z, (previous) => gradient(weight, previous));
    },
  };
}

type Numbers = Record<"batch" | "first" | "whole" | "scale", number> & { temperature: number | Live };

/** The student's logits z of some views: their terms go to their rows, and the gradient when it is asked for. */
function onePart(z: Tensor, q: Tensor, rows: Tensor, numbers: Numbers) {
  const { graph, cols } = z;
  const stats = graph.temp([z.rows, 4]);
  const params = { ...NONE, ...numbers, rows: z.rows, cols, ...place("z", z), out_offset: numbers.first * numbers.batch };
  const GROUP = lanesPerRow(graph.engine, cols);
  graph.launch("selfdistill", "views", { constants: { GROUP }, bind: { z, q, stats, out: rows }, params, threads: z.rows * GROUP });
  const gradient = (weight: number | Live, previous?: RowGradient): Tensor => {
    const out = graph.temp(z.shape);
    const { constants, bind, params: add } = plus(previous);
    graph.launch("selfdistill", "views_gradient", {
      constants,
      bind: { ...bind, z, q, stats_in: stats, out },
      params: { ...params, ...add, weight },
      threads: out.size,
    });
    return out;
  };
  return { z, gradient };
}

/**
 * Moves memory that outlives the graph, [K] or any number of values, towards x: into = keep into + (1 - keep) x, x being the mean
 * over the rows of x [R, K]. With keep 1 nothing changes, with 0 x is copied.
 */
export function blend(into: Tensor, x: Tensor, keep: number | Live): void {
  if (!into.storage.buffer || into.offset !== 0 || x.size % into.size !== 0) throw new Error(`blend: [${x.shape}] into [${into.shape}]`);
  launchBlend(into, x, keep);
}

/** The mean over the rows of x [R, K], as [K]. No gradient. */
export function rowsMean(x: Tensor): Tensor {
  const out = x.graph.temp([x.cols]);
  launchBlend(out, x, 0, true);
  return out;
}

function launchBlend(out: Tensor, x: Tensor, keep: number | Live, FRESH = false): void {
  const cols = out.size;
  const z = x.reshape([x.size / cols, cols]);
  const params = { rows: z.rows, cols, ...place("x", z), keep };
  x.graph.launch("selfdistill", "blend", { constants: { FRESH }, bind: { z, out }, params, threads: cols });
}

/** Parameters of an entry point that has no use for them. */
const NONE = { batch: 1, first: 0, whole: 0, out_offset: 0, temperature: 1, weight: 0, scale: 0, ...plus().params };
