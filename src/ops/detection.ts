/**
 * Losses of dense detectors, over all pyramid levels at once; see shaders/detection.wgsl. Each is a `Loss`: a value [1] and
 * `seed`, which plants the gradient at the heads' outputs. Terms are summed over rows and divided by a normaliser shared by
 * the levels. A step reads
 *
 *     const levels = outputs.levels.map((o, l) => ({ ...o, ...targets[l], anchors: priors[l], stride: strides[l] }));
 *     retinanet   cls: focalLoss(levels, { normaliser: positives })           box: deltaLoss(levels, { normaliser: positives })
 *     fcos        cls: focalLoss(levels, { normaliser: positives })           centerness: centernessLoss(levels, { normaliser: positives })
 *                 box: boxLoss(levels, { coder: "distances", form: "iou", normaliser: weight })
 *     atss        as fcos, but box: boxLoss(levels, { coder: "deltas", stds: ATSS_STDS, form: "giou", normaliser: weight, factor: 2 })
 *     gfl         const { weights, sum } = peaks(levels);
 *                 cls: qualityFocalLoss(levels, { quality: overlaps(levels, { coder: "distribution" }), normaliser: positives })
 *                 box: boxLoss(levels, { coder: "distribution", form: "giou", weights, normaliser: sum, factor: 2 })
 *                 dfl: distributionFocalLoss(levels, { weights, normaliser: sum, factor: 0.25 })
 *
 * The raw numbers are a head's, after its learnable scale and before any exponential or softmax: what decoding reads too.
 */
import { type Gradients, type Live, type RowGradient, Tensor } from "../engine/graph";
import type { Constants } from "../engine/wgsl";
import { plus } from "./accumulate";
import { type Loss, sum } from "./losses";

/**
 * A pyramid level with A priors per image and B A rows, image by image. Head outputs keep whatever axes they have, without
 * gaps: [B, H, W, anchors K] is [B A, K] to a loss.
 */
export interface Level {
  /** Logits of K classes for each row. */
  cls: Tensor;
  /** Four raw numbers for each row, or the logits of 4 x bins. */
  box: Tensor;
  /** One logit for each row. */
  centerness?: Tensor;
  /** u32 [B, A]: the class; K is background, K + 1 is ignored. */
  labels: Tensor;
  /** f32 [B, A, 4]: the ground truth's x1, y1, x2, y2 in pixels at positives. */
  boxes: Tensor;
  /** f32 [B, A]: weights of the box terms and targets of centerness, at positives. */
  weights: Tensor;
  /** f32 [A, 4]: the priors' corners in pixels. */
  anchors: Tensor;
  /** Pixels per cell; of the image where boxes are shares of it. */
  stride: number;
}

/**
 * How raw numbers mean a box: e^raw pixels from the prior's centre (FCOS), shifts and log ratios of size times `stds` (ATSS),
 * or mean bins in strides from the centre (GFL); or by a sigmoid centre and size as shares of an image of `stride` pixels, without
 * priors (DETR). An exponent is cut at 16, a log ratio at ln(1000 / 16).
 */
export type Coder = "distances" | "deltas" | "distribution" | "shares";

export interface Coding {
  coder: Coder;
  /** Of deltas: what dx, dy, dw, dh are multiplied by to decode. Default 1. */
  stds?: readonly number[];
}

export interface Scaling {
  /** What the sum is divided by: a number, or one found on the GPU [1]; at least 1e-6. */
  normaliser: number | Live | Tensor;
  /** Weight of the loss in value and gradient. */
  factor?: number;
}

/** Focal loss of the classes, gamma 2, alpha 1/4. Lin et al., "Focal loss for dense object detection", 2017. */
export function focalLoss(levels: readonly Level[], scaling: Scaling): Loss {
  return levelLoss(levels, scaling, { entry: "class_loss", of: (l) => l.cls, lanes: rowsOf, gradientLanes: (l) => l.cls.size });
}

/**
 * Quality focal loss, beta 2: the target of the true class is `quality` (each level's IoU of prediction and truth).
 * Li et al., "Generalized focal loss", 2020.
 */
export function qualityFocalLoss(levels: readonly Level[], { quality, ...scaling }: Scaling & { quality: readonly Tensor[] }): Loss {
  return levelLoss(levels, scaling, {
    ...{ entry: "class_loss", of: (l: Level) => l.cls, lanes: rowsOf, gradientLanes: (l: Level) => l.cls.size },
    details: (_, i) => ({ constants: { QUALITY: true }, given: quality[i] }),
  });
}

/** Binary cross-entropy of centerness with the weights, at positives. Tian et al., "FCOS", 2019. */
export function centernessLoss(levels: readonly Level[], scaling: Scaling): Loss {
  const of = ({ centerness }: Level) => {
    if (!centerness) throw new Error("centernessLoss: a level has no centerness");
    return centerness;
  };
  return levelLoss(levels, scaling, { entry: "centerness_loss", of, lanes: rowsOf, gradientLanes: rowsOf });
}

export interface BoxLossOptions extends Scaling, Coding {
  /** -ln IoU (Yu et al. 2016) or 1 - GIoU (Rezatofighi et al. 2019). */
  form: "iou" | "giou";
  /** In place of the levels' own. */
  weights?: readonly Tensor[];
}

/** Loss of the decoded boxes, weighted row by row, at positives. */
export function boxLoss(levels: readonly Level[], { form, weights, coder, stds, ...scaling }: BoxLossOptions): Loss {
  return levelLoss(levels, scaling, {
    ...{ entry: "box_loss", of: (l: Level) => l.box, lanes: rowsOf, gradientLanes: rowsOf },
    details: (level, i) => ({
      constants: { GIOU: form === "giou", CODER: CODERS[coder] },
      given: weights?.[i] ?? level.weights,
      params: deviations(stds),
    }),
  });
}

/**
 * Distribution focal loss: each side's bins should put their mass on the two next to the true distance (in strides, at most
 * 0.1 below the last bin). Mean over the four sides. Li et al. 2020.
 */
export function distributionFocalLoss(levels: readonly Level[], { weights, ...scaling }: Scaling & { weights?: readonly Tensor[] }): Loss {
  const sides = (l: Level) => 4 * rowsOf(l);
  return levelLoss(levels, scaling, {
    ...{ entry: "distribution_loss", of: (l: Level) => l.box, lanes: sides, gradientLanes: sides },
    details: (level, i) => ({ given: weights?.[i] ?? level.weights }),
  });
}

/**
 * L1 distance of the raw numbers from the deltas that would give the truth (RetinaNet), or of the shares of the image from the truth's
 * (DETR), summed over the four, at positives.
 */
export function deltaLoss(
  levels: readonly Level[],
  { stds, coder = "deltas", ...scaling }: Scaling & { stds?: readonly number[]; coder?: "deltas" | "shares" },
): Loss {
  const fours = (l: Level) => 4 * rowsOf(l);
  return levelLoss(levels, scaling, {
    ...{ entry: "delta_loss", of: (l: Level) => l.box, lanes: fours, gradientLanes: fours },
    details: () => ({ constants: { CODER: CODERS[coder] }, params: deviations(stds) }),
  });
}

/** For each level [B A]: IoU of the decoded box with the truth at positives, else 0. No gradient. */
export function overlaps(levels: readonly Level[], { coder, stds }: Coding): Tensor[] {
  const spec: Spec = { entry: "overlaps", of: (l) => l.box, lanes: rowsOf, gradientLanes: rowsOf };
  const details = { constants: { CODER: CODERS[coder] }, params: deviations(stds) };
  return terms(levels, { normaliser: 1 }, { ...spec, details: () => details }).parts;
}

/** GFL's weights: for each level [B A] the largest class probability at positives, else 0; and their sum [1]. No gradient. */
export function peaks(levels: readonly Level[]): { weights: Tensor[]; sum: Tensor } {
  const { all, parts } = terms(levels, { normaliser: 1 }, { entry: "peaks", of: (l) => l.cls, lanes: rowsOf, gradientLanes: rowsOf });
  return { weights: parts, sum: sum(all).value };
}

const CODERS: Record<Coder, number> = { distances: 0, deltas: 1, distribution: 2, shares: 3 };
const rowsOf = (l: Level) => l.labels.size;

function deviations([std_x, std_y, std_w, std_h]: readonly number[] = [1, 1, 1, 1]) {
  return { std_x, std_y, std_w, std_h };
}

interface Details {
  constants?: Constants;
  /** A number for each row, in place of the level's weights. */
  given?: Tensor;
  params?: Record<string, number>;
}

/** A kernel over the rows of each level. */
interface Spec {
  entry: string;
  /** What it reads and gives a gradient. */
  of(level: Level): Tensor;
  /** Terms of a level, a lane for each; and lanes of the gradient. */
  lanes(level: Level): number;
  gradientLanes(level: Level): number;
  details?(level: Level, i: number): Details;
}

function levelLoss(levels: readonly Level[], scaling: Scaling, spec: Spec): Loss {
  const { all } = terms(levels, scaling, spec);
  const gradient = (level: Level, i: number, weight: number | Live, previous?: RowGradient) => {
    const target = spec.of(level);
    const out = target.graph.temp(target.shape);
    launch(level, spec, i, { ...scaling, entry: `${spec.entry}_gradient`, lanes: spec.gradientLanes(level), out, weight, previous });
    return out;
  };
  const seed = (weight: number | Live, grads: Gradients) => {
    for (const [i, level] of levels.entries()) grads.add(spec.of(level), (previous) => gradient(level, i, weight, previous));
  };
  return { value: sum(all).value, seed };
}

/** The terms of all levels one after the other, and those of each level. */
function terms(levels: readonly Level[], scaling: Scaling, spec: Spec): { all: Tensor; parts: Tensor[] } {
  const { graph } = levels[0].labels;
  const all = graph.temp([levels.reduce((count, level) => count + spec.lanes(level), 0)]);
  let offset = 0;
  const parts = levels.map((level, i) => {
    const lanes = spec.lanes(level);
    const out = new Tensor(graph, all.storage, [lanes], "f32", false, offset);
    launch(level, spec, i, { ...scaling, entry: spec.entry, lanes, out, weight: 1 });
    offset += lanes;
    return out;
  });
  return { all, parts };
}

interface Run extends Scaling {
  entry: string;
  lanes: number;
  out: Tensor;
  weight: number | Live;
  previous?: RowGradient;
}

function launch(level: Level, spec: Spec, i: number, run: Run): void {
  const raw = spec.of(level);
  const { labels, boxes, weights, anchors, stride } = level;
  checkLevel(level, raw, spec.entry);
  const { constants, given = weights, params } = spec.details?.(level, i) ?? {};
  const rows = rowsOf(level);
  const add = plus(run.previous);
  const measured = run.normaliser instanceof Tensor ? run.normaliser : undefined;
  raw.graph.launch("detection", run.entry, {
    constants: { MEASURED: measured !== undefined, ...constants, ...add.constants },
    bind: { raw, labels, truths: boxes, given, anchors, out: run.out, ...(measured && { measured }), ...add.bind },
    params: {
      ...{ rows, classes: level.cls.size / rows, priors: anchors.size / 4, bins: level.box.size / rows / 4, cols: raw.cols },
      ...{ given_offset: given.offset, out_offset: run.out.offset, ...add.params, stride, ...deviations(), ...params },
      ...{ normaliser: run.normaliser instanceof Tensor ? 1 : run.normaliser, weight: run.weight, factor: run.factor ?? 1 },
    },
    threads: run.lanes,
  });
}

function checkLevel({ cls, box, labels, boxes, weights, anchors }: Level, raw: Tensor, entry: string): void {
  const rows = labels.size;
  const refuse = (what: string, t: Tensor) => {
    throw new Error(`${entry}: ${what} are ${t.dtype} [${t.shape}] for ${rows} rows`);
  };
  if (labels.dtype !== "u32") refuse("labels", labels);
  if (cls.size % rows) refuse("class logits", cls);
  if (box.size % (4 * rows)) refuse("boxes", box);
  if (boxes.size !== 4 * rows) refuse("true boxes", boxes);
  if (weights.size !== rows) refuse("weights", weights);
  if (rows % (anchors.size / 4)) refuse("anchors", anchors);
  if (raw.stride !== raw.cols || raw.offset) refuse("raw numbers with gaps", raw);
}
