/**
 * The four detectors' losses in jax-js, over all priors of a batch at once: rows that are not positive are multiplied with 0.
 * Assignment, and what follows from it alone (targets of deltas and of bins), is computed on the host and passed as constants.
 */
import { lax, nn, numpy as np, tree } from "@jax-js/jax";
import { assigner } from "../../models/detector/assign";
import { type DetectorConfig, priorCounts, strides } from "../../models/detector/config";
import { ATSS_STDS } from "../../models/detector/decode";
import { priors } from "../../models/detector/priors";
import type { Setup } from "./contest";
import { type Answers, network, type Params } from "./jax.detector";

type Arr = np.Array;
/** What the P priors of B images are to answer, and the images. */
export type Batch = Record<string, Arr>;
export type DetectorTask = NonNullable<Setup["detector"]>;

/** The sum of a detector's losses as a function of (student, batch). */
export function detectorLoss({ config }: DetectorTask): (student: Params, batch: Batch) => Arr {
  return (student, batch) => {
    const answers = network(student, config, batch.images!.ref);
    const loss = LOSSES[config.kind](answers, batch);
    tree.dispose([student, batch]);
    return loss;
  };
}

/** Losses eat the answers and keep the batch. */
const LOSSES: Record<DetectorConfig["kind"], (answers: Answers, batch: Batch) => Arr> = {
  retinanet({ cls, box }, b) {
    const apart = np.abs(box.sub(b.deltas!.ref)).mul(b.positive!.ref);
    return focal(cls, b).add(np.sum(apart).div(b.positives!.ref));
  },
  fcos({ cls, box, centerness }, b) {
    const boxes = fromDistances(b, np.exp(box));
    const { iou, giou } = overlap(boxes, b);
    giou.dispose();
    const loss = np.log(np.maximum(iou, 1e-6)).mul(-1);
    return focal(cls, b)
      .add(weighted(loss, b.weights!.ref, b, b.weight!.ref))
      .add(centred(centerness!, b));
  },
  atss({ cls, box, centerness }, b) {
    const { iou, giou } = overlap(fromDeltas(b, box.mul(np.array([...ATSS_STDS]))), b);
    iou.dispose();
    const loss = giou.mul(-2).add(2);
    return focal(cls, b)
      .add(weighted(loss, b.weights!.ref, b, b.weight!.ref))
      .add(centred(centerness!, b));
  },
  gfl({ cls, box }, b) {
    const logits = box.reshape(b.bins!.shape);
    const { iou, giou } = overlap(fromDistances(b, expectation(logits.ref).mul(b.strides!.ref)), b);
    const quality = lax.stopGradient(iou).mul(b.positive!.ref);
    const weights = lax.stopGradient(np.max(nn.sigmoid(cls.ref), 2, { keepdims: true })).mul(b.positive!.ref);
    const sum = np.sum(weights.ref);
    const crossEntropy = np.sum(b.bins!.ref.mul(nn.logSoftmax(logits, -1)), [2, 3]).mul(-1);
    const distribution = crossEntropy.reshape(weights.shape).mul(0.25 * 0.25);
    const boxes = giou.mul(-2).add(2).add(distribution);
    return qualityFocal(cls, quality, b).add(weighted(boxes, weights, b, sum));
  },
};

/** alpha (1-p)^2 BCE at the label, (1-alpha) p^2 BCE elsewhere. */
function focal(x: Arr, { right, valid, positives }: Batch): Arr {
  const p = nn.sigmoid(x.ref);
  const crossEntropy = nn.softplus(x.ref).sub(x.mul(right!.ref));
  const balance = right!.ref.mul(-0.5).add(0.75);
  const terms = np.square(right!.ref.sub(p)).mul(balance).mul(crossEntropy).mul(valid!.ref);
  return np.sum(terms).div(positives!.ref);
}

function qualityFocal(x: Arr, quality: Arr, { right, valid, positives }: Batch): Arr {
  const y = right!.ref.mul(quality);
  const crossEntropy = nn.softplus(x.ref).sub(x.ref.mul(y.ref));
  const terms = np
    .square(y.sub(nn.sigmoid(x)))
    .mul(crossEntropy)
    .mul(valid!.ref);
  return np.sum(terms).div(positives!.ref);
}

/** Binary cross-entropy of centerness with the weights, at positives. */
function centred(x: Arr, { weights, positive, positives }: Batch): Arr {
  const terms = nn.softplus(x.ref).sub(x.mul(weights!.ref)).mul(positive!.ref);
  return np.sum(terms).div(positives!.ref);
}

/** Sum over positives of weights times losses [B, P, 1], divided by `by`. */
function weighted(losses: Arr, weights: Arr, { positive }: Batch, by: Arr): Arr {
  return np.sum(losses.mul(weights).mul(positive!.ref)).div(by);
}

/** The mean bin of each side: [B, P, 4, bins] -> [B, P, 4]. */
function expectation(logits: Arr): Arr {
  const bins = logits.shape[3]!;
  return np.sum(nn.softmax(logits, -1).mul(np.array(Array.from({ length: bins }, (_, i) => i))), -1);
}

function fromDistances({ anchors }: Batch, d: Arr): Arr {
  const [x1, y1, x2, y2] = columns(anchors!.ref);
  const [left, top, right, bottom] = columns(d);
  const [x, y] = [x1!.add(x2!).mul(0.5), y1!.add(y2!).mul(0.5)];
  return np.concatenate([x.ref.sub(left!), y.ref.sub(top!), x.add(right!), y.add(bottom!)], -1);
}

function fromDeltas({ anchors }: Batch, d: Arr): Arr {
  const [x1, y1, x2, y2] = columns(anchors!.ref);
  const [dx, dy, dw, dh] = columns(d);
  const [width, height] = [x2!.ref.sub(x1!.ref), y2!.ref.sub(y1!.ref)];
  const x = x1!.add(x2!).mul(0.5).add(dx!.mul(width.ref));
  const y = y1!.add(y2!).mul(0.5).add(dy!.mul(height.ref));
  const [halfWidth, halfHeight] = [width.mul(np.exp(dw!)).mul(0.5), height.mul(np.exp(dh!)).mul(0.5)];
  return np.concatenate([x.ref.sub(halfWidth.ref), y.ref.sub(halfHeight.ref), x.add(halfWidth), y.add(halfHeight)], -1);
}

/** IoU and GIoU of boxes [B, P, 4] with the truths, [B, P, 1]. */
function overlap(boxes: Arr, { boxes: truths }: Batch): { iou: Arr; giou: Arr } {
  const [a, b] = [columns(boxes), columns(truths!.ref)];
  const span = (low: (x: Arr, y: Arr) => Arr, high: (x: Arr, y: Arr) => Arr, i: number) =>
    high(a[i + 2]!.ref, b[i + 2]!.ref).sub(low(a[i]!.ref, b[i]!.ref));
  const both = np.maximum(span(np.maximum, np.minimum, 0), 0).mul(np.maximum(span(np.maximum, np.minimum, 1), 0));
  const hull = np.maximum(span(np.minimum, np.maximum, 0).mul(span(np.minimum, np.maximum, 1)), 1e-6);
  const area = ([x1, y1, x2, y2]: Arr[]) => x2!.sub(x1!).mul(y2!.sub(y1!));
  const union = np.maximum(area(a).add(area(b)).sub(both.ref), 1e-6);
  const iou = both.div(union.ref);
  return { giou: iou.ref.sub(hull.ref.sub(union).div(hull)), iou };
}

/** The four columns of [.., 4], each [.., 1]. */
function columns(x: Arr): Arr[] {
  const before = x.shape.slice(1).map(() => [] as []);
  const parts = [0, 1, 2, 3].map((i) => x.ref.slice(...before, [i, i + 1]));
  x.dispose();
  return parts;
}

// ---- on the host ----

/** The constants of a step, by the names the losses read. */
export function detectorBatch(
  { config, truths }: DetectorTask,
  { images, imageShape }: Setup,
  upload: (data: Float32Array, shape: number[]) => Arr,
): Batch {
  const assigned = truths.map(assigner(config));
  const levels = assigned.flatMap((image) => image.levels);
  const counts = priorCounts(config);
  const total = counts.reduce((a, b) => a + b, 0);
  const labels = flat(levels.map((level) => level.labels));
  const boxes = flat(levels.map((level) => level.boxes));
  const anchors = flat(priors(config));
  const pixels = Float32Array.from(counts.flatMap((count, l) => new Array(count).fill(strides(config)[l])));
  const rows = (values: ArrayLike<number>, ...shape: number[]) => upload(Float32Array.from(values), [truths.length, total, ...shape]);
  const right = Float32Array.from({ length: labels.length * config.classes }, (_, i) =>
    Number(labels[Math.floor(i / config.classes)] === i % config.classes),
  );
  const least = config.kind === "fcos" ? 0 : 1;
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  return {
    images: upload(images, imageShape),
    right: rows(right, config.classes),
    valid: rows(
      labels.map((label) => Number(label <= config.classes)),
      1,
    ),
    positive: rows(
      labels.map((label) => Number(label < config.classes)),
      1,
    ),
    boxes: rows(boxes, 4),
    weights: rows(flat(levels.map((level) => level.weights)), 1),
    anchors: upload(anchors, [total, 4]),
    strides: upload(pixels, [total, 1]),
    positives: upload(Float32Array.of(Math.max(1, sum(assigned.map((image) => Math.max(least, image.positives))))), []),
    weight: upload(Float32Array.of(Math.max(1e-6, sum(assigned.map((image) => image.weight)))), []),
    ...(config.kind === "retinanet" && { deltas: rows(deltasOf(anchors, boxes), 4) }),
    ...(config.kind === "gfl" && { bins: rows(binsOf(config.regMax, anchors, pixels, boxes), 4, config.regMax + 1) }),
  };
}

/** (dx / w, dy / h, ln w'/w, ln h'/h) of each row with a box; 0 for the others. */
function deltasOf(anchors: Float32Array, boxes: Float32Array): Float32Array {
  return perRow(boxes, (row) => {
    const [x1, y1, x2, y2, a, b, c, d] = [...boxes.subarray(4 * row, 4 * row + 4), ...anchorOf(anchors, row)] as number[] as Eight;
    const [width, height] = [c - a, d - b];
    return [(x1 + x2 - a - c) / 2 / width, (y1 + y2 - b - d) / 2 / height, Math.log((x2 - x1) / width), Math.log((y2 - y1) / height)];
  });
}

/** For each side of each row with a box the two bins next to its distance in strides, by nearness; 0 for the others. */
function binsOf(last: number, anchors: Float32Array, pixels: Float32Array, boxes: Float32Array): Float32Array {
  return perRow(boxes, (row) => {
    const [x1, y1, x2, y2, a, b, c, d] = [...boxes.subarray(4 * row, 4 * row + 4), ...anchorOf(anchors, row)] as number[] as Eight;
    const [x, y] = [(a + c) / 2, (b + d) / 2];
    return [x - x1, y - y1, x2 - x, y2 - y].flatMap((distance) => {
      const at = Math.max(0, Math.min(last - 0.1, distance / pixels[row % pixels.length]!));
      return Array.from({ length: last + 1 }, (_, bin) => Math.max(0, 1 - Math.abs(at - bin)));
    });
  });
}

type Eight = [number, number, number, number, number, number, number, number];

function anchorOf(anchors: Float32Array, row: number): Float32Array {
  const at = (4 * row) % anchors.length;
  return anchors.subarray(at, at + 4);
}

/** What `of` gives for each row of `boxes` that has a width, zeros of the same length for the others. */
function perRow(boxes: Float32Array, of: (row: number) => number[]): Float32Array {
  const rows = Array.from({ length: boxes.length / 4 }, (_, row) => of(row).map((v) => (boxes[4 * row + 2]! > boxes[4 * row]! ? v : 0)));
  return Float32Array.from(rows.flat());
}

function flat(parts: ArrayLike<number>[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => Array.from(part)));
}
