/** Losses of detectors beside float64, over two levels of made-up targets and outputs. */
import { Live, type Tensor } from "../../engine/graph";
import { uniform } from "../../engine/random";
import {
  type Coder as AnyCoder,
  type BoxLossOptions,
  boxLoss,
  centernessLoss,
  deltaLoss,
  distributionFocalLoss,
  focalLoss,
  type Level,
  overlaps,
  peaks,
  qualityFocalLoss,
} from "../detection";
import { type Check, type Input, randoms } from "../evidence";
import type { Loss } from "../losses";
import { asOp } from "../losses.fixture";

/** Those with priors; boxes as shares of the image are in setPrediction.ts. */
type Coder = Exclude<AnyCoder, "shares">;

// ---- float64 ----

const sigmoid64 = (x: number) => 1 / (1 + Math.exp(-x));

const softplus64 = (x: number) => Math.log1p(Math.exp(x));

function focal64(x: number, right: boolean): number {
  const p = sigmoid64(x);
  return right ? 0.25 * (1 - p) ** 2 * softplus64(-x) : 0.75 * p ** 2 * softplus64(x);
}

const quality64 = (x: number, y: number) => (y - sigmoid64(x)) ** 2 * (softplus64(x) - x * y);

type Box64 = readonly number[];

const size64 = ([x1, y1, x2, y2]: Box64) => [x2 - x1, y2 - y1];

export const centre64 = ([x1, y1, x2, y2]: Box64) => [(x1 + x2) / 2, (y1 + y2) / 2];

const area64 = (b: Box64) => Math.max(0, b[2] - b[0]) * Math.max(0, b[3] - b[1]);

function areas64(a: Box64, b: Box64): { both: number; union: number; hull: number } {
  const both = area64([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  const hull = area64([Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
  return { both, union: area64(a) + area64(b) - both, hull };
}

const iou64 = (a: Box64, b: Box64) => areas64(a, b).both / areas64(a, b).union;

function boxTerm64(form: "iou" | "giou", a: Box64, b: Box64): number {
  const { union, hull } = areas64(a, b);
  return form === "iou" ? -Math.log(Math.max(iou64(a, b), 1e-6)) : 1 - (iou64(a, b) - (hull - union) / hull);
}

function softmax(logits: readonly number[]): number[] {
  const all = logits.reduce((sum, v) => sum + Math.exp(v), 0);
  return logits.map((v) => Math.exp(v) / all);
}

const STDS = [0.1, 0.1, 0.2, 0.2];

function decode64(coder: Coder, raw: number[], anchor: Box64, stride: number): Box64 {
  const [cx, cy] = centre64(anchor);
  const [w, h] = size64(anchor);
  if (coder === "deltas") {
    const [dx, dy, dw, dh] = raw.map((v, i) => v * STDS[i]);
    const [x, y, half, tall] = [cx + dx * w, cy + dy * h, (w * Math.exp(dw)) / 2, (h * Math.exp(dh)) / 2];
    return [x - half, y - tall, x + half, y + tall];
  }
  const bins = raw.length / 4;
  const mean = (side: number) => softmax(raw.slice(side * bins, (side + 1) * bins)).reduce((sum, p, j) => sum + p * j, 0);
  const d = coder === "distances" ? raw.map(Math.exp) : [0, 1, 2, 3].map((side) => stride * mean(side));
  return [cx - d[0], cy - d[1], cx + d[2], cy + d[3]];
}

function delta64(anchor: Box64, truth: Box64, stds: number[]): number[] {
  const [w, h] = size64(anchor);
  const [[x, y], [u, v]] = [centre64(anchor), centre64(truth)];
  const [a, b] = size64(truth);
  return [(u - x) / w, (v - y) / h, Math.log(a / w), Math.log(b / h)].map((d, i) => d / stds[i]);
}

/** Cross-entropy with the truth's place between two bins, mean over sides. */
function distribution64(raw: number[], anchor: Box64, truth: Box64, stride: number): number {
  const [x, y] = centre64(anchor);
  const bins = raw.length / 4;
  const sides = [x - truth[0], y - truth[1], truth[2] - x, truth[3] - y].map((d, side) => {
    const at = Math.min(Math.max(d / stride, 0), bins - 1 - 0.1);
    const low = Math.floor(at);
    const p = softmax(raw.slice(side * bins, (side + 1) * bins));
    return -(low + 1 - at) * Math.log(p[low]) - (at - low) * Math.log(p[low + 1]);
  });
  return sides.reduce((a, b) => a + b, 0) / 4;
}

// ---- two levels of made-up targets and outputs ----

export const K = 3;

const BATCH = 2;

export const LEVELS = [
  { priors: 9, stride: 4 },
  { priors: 2, stride: 8 },
];

interface Row {
  label: number;
  truth: Box64;
  weight: number;
  anchor: Box64;
}

export function rowsOf(l: number): Row[] {
  const { priors, stride } = LEVELS[l];
  const draw = (...at: number[]) => uniform(31 + l, at[0], at[1], at[2] ?? 0);
  return Array.from({ length: BATCH * priors }, (_, i) => {
    const prior = i % priors;
    const [x, y] = [0, 1].map((axis) => stride * (1 + 3 * draw(1, prior, axis)));
    const size = stride * (1 + draw(2, prior));
    const corner = [0, 1].map((axis) => stride * (4 * draw(3, i, axis) - 1.5));
    const label = Math.floor((K + 3) * draw(4, i));
    return {
      label: Math.min(label, K + 1),
      truth: [x + corner[0] - size, y + corner[1] - size, x + corner[0] + size * (0.2 + draw(5, i)), y + corner[1] + size],
      weight: 0.2 + draw(6, i),
      anchor: [x - size, y - size / 2, x + size, y + size / 2],
    };
  });
}

/** What each box is given by: four numbers or four distributions of so many bins. */
const BINS = { distances: 1, deltas: 1, distribution: 5 };

export function inputsOf(coder: Coder): Record<string, Input> {
  const scale = { distances: 1.5, deltas: 4, distribution: 2 }[coder];
  const random = (count: number, seed: number, by: number) => randoms(count, seed).map((v) => Math.fround(by * v));
  return Object.fromEntries(
    LEVELS.flatMap(({ priors }, l) => {
      const rows = rowsOf(l);
      const count = rows.length;
      const entries: [string, Input][] = [
        // Anchors of a cell share its row of numbers, as a convolution leaves them.
        [`cls${l}`, { shape: [BATCH, 1, priors * K], data: random(count * K, 7 + l, 3), grad: true }],
        [`box${l}`, { shape: [count, 4 * BINS[coder]], data: random(4 * count * BINS[coder], 17 + l, scale), grad: true }],
        [`centerness${l}`, { shape: [count, 1], data: random(count, 27 + l, 2), grad: true }],
        [`labels${l}`, { shape: [BATCH, priors], dtype: "u32", data: rows.map((r) => r.label) }],
        [`boxes${l}`, { shape: [BATCH, priors, 4], data: rows.flatMap((r) => [...r.truth]) }],
        [`weights${l}`, { shape: [BATCH, priors], data: rows.map((r) => r.weight) }],
        [`anchors${l}`, { shape: [priors, 4], data: rows.slice(0, priors).flatMap((r) => [...r.anchor]) }],
      ];
      return entries;
    }),
  );
}

export const levelsOf = (t: Record<string, Tensor>): Level[] =>
  LEVELS.map(({ stride }, l) => ({
    ...{ cls: t[`cls${l}`], box: t[`box${l}`], centerness: t[`centerness${l}`], stride, anchors: t[`anchors${l}`] },
    ...{ labels: t[`labels${l}`], boxes: t[`boxes${l}`], weights: t[`weights${l}`] },
  }));

interface Seen extends Row {
  cls: number[];
  raw: number[];
  centerness: number;
  stride: number;
}

/** Rows of all levels with the values a reference is given. */
function seenIn(values: Record<string, Float64Array>): Seen[] {
  const four = (x: Float64Array, i: number, n: number) => Array.from(x.subarray(n * i, n * i + n));
  return LEVELS.flatMap(({ stride, priors }, l) =>
    rowsOf(l).map((row, i) => ({
      ...{ ...row, stride, cls: four(values[`cls${l}`], i, K), centerness: values[`centerness${l}`][i] },
      ...{ raw: four(values[`box${l}`], i, values[`box${l}`].length / (BATCH * priors)) },
      ...{ truth: four(values[`boxes${l}`], i, 4), anchor: four(values[`anchors${l}`], i % priors, 4), weight: values[`weights${l}`][i] },
    })),
  );
}

const sumOver = (rows: Seen[], term: (row: Seen) => number) => rows.reduce((sum, row) => sum + term(row), 0);

const overPositives = (rows: Seen[], term: (row: Seen) => number) =>
  sumOver(
    rows.filter(({ label }) => label < K),
    term,
  );

const decoded = (coder: Coder, { raw, anchor, stride }: Seen) => decode64(coder, raw, anchor, stride);

/** A loss, and gradients of `learning` inputs alone, beside `reference` for one row of numbers. */
function lossCase(coder: Coder, learning: string, loss: (levels: Level[]) => Loss[], reference: (rows: Seen[]) => number): Check {
  const inputs = Object.entries(inputsOf(coder)).map(([name, input]) => [name, { ...input, grad: name.replace(/\d/, "") === learning }]);
  return {
    inputs: Object.fromEntries(inputs),
    op: (tensors, graph) => asOp(graph, ...loss(levelsOf(tensors))),
    reference: (values) => [[reference(seenIn(values))]],
    tolerance: 3e-5,
  };
}

export function focalCase(): Check {
  const term = ({ label, cls }: Seen) => (label > K ? 0 : cls.reduce((sum, x, c) => sum + focal64(x, c === label), 0));
  return lossCase(
    "distances",
    "cls",
    (levels) => [focalLoss(levels, { normaliser: new Live(7) })],
    (rows) => sumOver(rows, term) / 7,
  );
}

export function qualityFocalCase(coder: Coder): Check {
  const loss = (levels: Level[]) => qualityFocalLoss(levels, { quality: overlaps(levels, { coder, stds: STDS }), normaliser: 3 });
  const term = (row: Seen) => {
    const y = (c: number) => (c === row.label ? iou64(decoded(coder, row), row.truth) : 0);
    return row.label > K ? 0 : row.cls.reduce((sum, x, c) => sum + quality64(x, y(c)), 0);
  };
  return lossCase(
    coder,
    "cls",
    (levels) => [loss(levels)],
    (rows) => sumOver(rows, term) / 3,
  );
}

export const centernessCase = (): Check =>
  lossCase(
    "distances",
    "centerness",
    (levels) => [centernessLoss(levels, { normaliser: 5, factor: 2 })],
    (rows) => (2 / 5) * overPositives(rows, ({ centerness: x, weight }) => softplus64(x) - x * weight),
  );

export const boxLossCase = (coder: Coder, form: BoxLossOptions["form"]): Check =>
  lossCase(
    coder,
    "box",
    (levels) => [boxLoss(levels, { coder, stds: STDS, form, normaliser: 4, factor: 2 })],
    (rows) => (2 / 4) * overPositives(rows, (row) => row.weight * boxTerm64(form, decoded(coder, row), row.truth)),
  );

const peak = (row: Seen) => Math.max(...row.cls.map(sigmoid64));

export const weightedDistribution = (levels: Level[]): Loss => {
  const { weights, sum } = peaks(levels);
  return distributionFocalLoss(levels, { weights, normaliser: sum, factor: 0.25 });
};

export const weightedBox = (levels: Level[]): Loss => {
  const { weights, sum } = peaks(levels);
  return boxLoss(levels, { coder: "distribution", form: "giou", weights, normaliser: sum });
};

/** Weighted by the class probability found on the GPU. */
export function distributionCase(): Check {
  const term = (row: Seen) => 0.25 * peak(row) * distribution64(row.raw, row.anchor, row.truth, row.stride);
  return lossCase(
    "distribution",
    "box",
    (levels) => [weightedDistribution(levels)],
    (rows) => overPositives(rows, term) / overPositives(rows, peak),
  );
}

export function weightedBoxCase(): Check {
  const term = (row: Seen) => peak(row) * boxTerm64("giou", decoded("distribution", row), row.truth);
  return lossCase(
    "distribution",
    "box",
    (levels) => [weightedBox(levels)],
    (rows) => overPositives(rows, term) / overPositives(rows, peak),
  );
}

export const deltaCase = (): Check =>
  lossCase(
    "deltas",
    "box",
    (levels) => [deltaLoss(levels, { normaliser: 6, stds: STDS })],
    (rows) =>
      overPositives(rows, (row) => {
        const wanted = delta64(row.anchor, row.truth, STDS);
        return row.raw.reduce((sum, v, i) => sum + Math.abs(v - wanted[i]), 0);
      }) / 6,
  );
