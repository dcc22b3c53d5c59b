/**
 * From a detector's outputs to detections: scores, boxes, suppression of doubles. On the CPU, away from training.
 *
 * Scores are sigmoids; FCOS and ATSS multiply them with the centerness once the classes are picked. As mmdetection does it:
 * class scores above .05, the best 1000 of a level, class-wise suppression, the best 100.
 */
import { type Box, type Detection, iou } from "../../geometry/boxes";
import { boxOutputs, type DetectorConfig, priorCounts, strides } from "./config";
import { priors } from "./priors";

/** One pyramid level as read back, for a whole batch: [B, H, W, A K], [B, H, W, A box], [B, H, W, 1]. */
export interface LevelOutputs {
  cls: ArrayLike<number>;
  box: ArrayLike<number>;
  centerness?: ArrayLike<number>;
}

export interface DecodeOptions {
  /** Least class score. */
  least?: number;
  /** Detections of one image. */
  keep?: number;
}

export const LEAST_SCORE = 0.05;
export const LEVEL_BEST = 1000;
export const KEEP = 100;
/** IoU above which the lower-scored of two boxes of a class is dropped. */
export const SUPPRESS = { retinanet: 0.5, fcos: 0.5, atss: 0.6, gfl: 0.6 };

/** Detections of image `index` of a batch, best first. */
export function decode(config: DetectorConfig, levels: readonly LevelOutputs[], index: number, options: DecodeOptions = {}): Detection[] {
  const { least = LEAST_SCORE, keep = KEEP } = options;
  const anchorsOf = priors(config);
  const counts = priorCounts(config);
  const found = levels.flatMap((level, l) => {
    const first = index * counts[l];
    const box = boxDecoder(config, l, level.box, first, anchorsOf[l]);
    return bestOf(config, level, first, counts[l], least).map(({ prior, category, score }) => ({ category, score, box: box(prior) }));
  });
  return suppress(found, SUPPRESS[config.kind]).slice(0, keep);
}

/** The best-scored (prior, class) pairs of one image on one level. */
function bestOf({ classes }: DetectorConfig, { cls, centerness }: LevelOutputs, first: number, count: number, least: number) {
  const found: { prior: number; category: number; score: number }[] = [];
  for (let i = 0; i < count * classes; i++) {
    const score = sigmoid(cls[first * classes + i]);
    if (score > least) found.push({ prior: Math.floor(i / classes), category: i % classes, score });
  }
  const best = found.sort((a, b) => b.score - a.score).slice(0, LEVEL_BEST);
  return centerness ? best.map((c) => ({ ...c, score: c.score * sigmoid(centerness[first + c.prior]) })) : best;
}

/** A function from a prior of the level to its box, cut at the image's border. */
function boxDecoder(
  config: DetectorConfig,
  l: number,
  outputs: ArrayLike<number>,
  first: number,
  anchorsOf: Float32Array,
): (prior: number) => Box {
  const each = boxOutputs(config);
  const stride = strides(config)[l];
  return (prior) => {
    const raw = Array.from({ length: each }, (_, i) => outputs[(first + prior) * each + i]);
    const anchor = [...anchorsOf.subarray(4 * prior, 4 * prior + 4)] as unknown as Box;
    return clip(boxOf(config, anchor, raw, stride), config.image);
  };
}

/** The box that a head's raw numbers mean at a prior, in pixels. */
export function boxOf(config: DetectorConfig, anchor: Box, raw: readonly number[], stride: number): Box {
  if (config.kind === "retinanet") return fromDeltas(anchor, raw, [1, 1, 1, 1]);
  if (config.kind === "atss") return fromDeltas(anchor, raw, ATSS_STDS);
  if (config.kind === "fcos") return fromDistances(anchor, raw.map(Math.exp));
  const bins = config.regMax + 1;
  return fromDistances(
    anchor,
    [0, 1, 2, 3].map((side) => stride * expectation(raw.slice(side * bins, (side + 1) * bins))),
  );
}

/** What ATSS's deltas are divided by. */
export const ATSS_STDS = [0.1, 0.1, 0.2, 0.2] as const;
/** Most a box may differ from its anchor in size, as a logarithm: mmdetection's |ln(16 / 1000)|. */
export const MOST_LOG = Math.abs(Math.log(16 / 1000));

/** The box that lies (dx, dy) anchor sizes from its anchor's centre and is exp(dw), exp(dh) times as large. */
function fromDeltas([x1, y1, x2, y2]: Box, raw: readonly number[], stds: readonly number[]): Box {
  const [dx, dy, dw, dh] = raw.map((v, i) => v * stds[i]);
  const size = (side: number, d: number) => side * Math.exp(Math.max(-MOST_LOG, Math.min(MOST_LOG, d)));
  const [x, y] = [(x1 + x2) / 2 + dx * (x2 - x1), (y1 + y2) / 2 + dy * (y2 - y1)];
  const [width, height] = [size(x2 - x1, dw), size(y2 - y1, dh)];
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** The box whose sides lie left, top, right and bottom of an anchor's centre. */
function fromDistances([x1, y1, x2, y2]: Box, [left, top, right, bottom]: readonly number[]): Box {
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  return [x - left, y - top, x + right, y + bottom];
}

/** GFL's integral: the mean of the bins 0, 1, ... under their softmax. */
export function expectation(logits: readonly number[]): number {
  const top = Math.max(...logits);
  const weights = logits.map((v) => Math.exp(v - top));
  return weights.reduce((sum, w, i) => sum + i * w, 0) / weights.reduce((a, b) => a + b, 0);
}

/** Class-wise non-maximum suppression: best first, without those that overlap a better one of their class by more than `most`. */
export function suppress(detections: readonly Detection[], most: number): Detection[] {
  const kept: Detection[] = [];
  for (const d of detections.toSorted((a, b) => b.score - a.score))
    if (!kept.some(({ category, box }) => category === d.category && iou(box, d.box) > most)) kept.push(d);
  return kept;
}

function clip(box: Box, side: number): Box {
  return box.map((v) => Math.max(0, Math.min(side, v))) as unknown as Box;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
