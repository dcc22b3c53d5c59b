import { describe, expect, test } from "vitest";
import { Graph, Live, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";
import { check, compare, type Input, randoms, testEngine, upload } from "./check";
import {
  type BoxLossOptions,
  boxLoss,
  type Coder,
  centernessLoss,
  deltaLoss,
  distributionFocalLoss,
  focalLoss,
  type Level,
  overlaps,
  peaks,
  qualityFocalLoss,
} from "./detection";
import type { Loss } from "./losses";
import { asOp } from "./losses.fixture";

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
const centre64 = ([x1, y1, x2, y2]: Box64) => [(x1 + x2) / 2, (y1 + y2) / 2];
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

const K = 3;
const BATCH = 2;
const LEVELS = [
  { priors: 9, stride: 4 },
  { priors: 2, stride: 8 },
];

interface Row {
  label: number;
  truth: Box64;
  weight: number;
  anchor: Box64;
}

function rowsOf(l: number): Row[] {
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

function inputsOf(coder: Coder): Record<string, Input> {
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

const levelsOf = (t: Record<string, Tensor>): Level[] =>
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

/** Checks a loss, and gradients of `learning` inputs alone, against `reference` for one row of numbers. */
async function checkLoss(coder: Coder, learning: string, loss: (levels: Level[]) => Loss[], reference: (rows: Seen[]) => number) {
  const inputs = Object.entries(inputsOf(coder)).map(([name, input]) => [name, { ...input, grad: name.replace(/\d/, "") === learning }]);
  await check(await testEngine(), {
    inputs: Object.fromEntries(inputs),
    op: (tensors, graph) => asOp(graph, ...loss(levelsOf(tensors))),
    reference: (values) => [[reference(seenIn(values))]],
    tolerance: 3e-5,
  });
}

describe("losses over two levels", () => {
  test("the made-up targets hold every kind of row", () => {
    const labels = LEVELS.flatMap((_, l) => rowsOf(l).map((r) => r.label));
    for (const label of [0, K, K + 1]) expect(labels).toContain(label);
  });

  test("focal", async () => {
    const term = ({ label, cls }: Seen) => (label > K ? 0 : cls.reduce((sum, x, c) => sum + focal64(x, c === label), 0));
    await checkLoss(
      "distances",
      "cls",
      (levels) => [focalLoss(levels, { normaliser: new Live(7) })],
      (rows) => sumOver(rows, term) / 7,
    );
  });

  test.each<Coder>(["distances", "deltas", "distribution"])("quality focal, boxes by %s", async (coder) => {
    const loss = (levels: Level[]) => qualityFocalLoss(levels, { quality: overlaps(levels, { coder, stds: STDS }), normaliser: 3 });
    const term = (row: Seen) => {
      const y = (c: number) => (c === row.label ? iou64(decoded(coder, row), row.truth) : 0);
      return row.label > K ? 0 : row.cls.reduce((sum, x, c) => sum + quality64(x, y(c)), 0);
    };
    await checkLoss(
      coder,
      "cls",
      (levels) => [loss(levels)],
      (rows) => sumOver(rows, term) / 3,
    );
  });

  test("centerness", async () => {
    await checkLoss(
      "distances",
      "centerness",
      (levels) => [centernessLoss(levels, { normaliser: 5, factor: 2 })],
      (rows) => (2 / 5) * overPositives(rows, ({ centerness: x, weight }) => softplus64(x) - x * weight),
    );
  });

  describe.each<Coder>(["distances", "deltas", "distribution"])("boxes by %s", (coder) => {
    test.each<BoxLossOptions["form"]>(["iou", "giou"])("%s", async (form) => {
      await checkLoss(
        coder,
        "box",
        (levels) => [boxLoss(levels, { coder, stds: STDS, form, normaliser: 4, factor: 2 })],
        (rows) => (2 / 4) * overPositives(rows, (row) => row.weight * boxTerm64(form, decoded(coder, row), row.truth)),
      );
    });
  });

  describe("weighted by the class probability found on the GPU", () => {
    const peak = (row: Seen) => Math.max(...row.cls.map(sigmoid64));
    const dfl = (levels: Level[]) => {
      const { weights, sum } = peaks(levels);
      return distributionFocalLoss(levels, { weights, normaliser: sum, factor: 0.25 });
    };
    const box = (levels: Level[]) => {
      const { weights, sum } = peaks(levels);
      return boxLoss(levels, { coder: "distribution", form: "giou", weights, normaliser: sum });
    };

    test("distribution focal", async () => {
      const term = (row: Seen) => 0.25 * peak(row) * distribution64(row.raw, row.anchor, row.truth, row.stride);
      await checkLoss(
        "distribution",
        "box",
        (levels) => [dfl(levels)],
        (rows) => overPositives(rows, term) / overPositives(rows, peak),
      );
    });

    test("GIoU", async () => {
      const term = (row: Seen) => peak(row) * boxTerm64("giou", decoded("distribution", row), row.truth);
      await checkLoss(
        "distribution",
        "box",
        (levels) => [box(levels)],
        (rows) => overPositives(rows, term) / overPositives(rows, peak),
      );
    });

    test("both: gradients at the same numbers add up", async () => {
      const [both, ...parts] = [
        await gradientOf("box0", (levels) => [dfl(levels), box(levels)]),
        await gradientOf("box0", (levels) => [dfl(levels)]),
        await gradientOf("box0", (levels) => [box(levels)]),
      ];
      const sum = parts[0].map((v, i) => v + parts[1][i]);
      compare("both", both, sum, 1e-6);
    });
  });

  test("deltas", async () => {
    await checkLoss(
      "deltas",
      "box",
      (levels) => [deltaLoss(levels, { normaliser: 6, stds: STDS })],
      (rows) =>
        overPositives(rows, (row) => {
          const wanted = delta64(row.anchor, row.truth, STDS);
          return row.raw.reduce((sum, v, i) => sum + Math.abs(v - wanted[i]), 0);
        }) / 6,
    );
  });
});

/** The gradient that some losses of distributions leave at an input. */
async function gradientOf(name: string, losses: (levels: Level[]) => Loss[]): Promise<Float32Array> {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const tensors = Object.fromEntries(
    Object.entries(inputsOf("distribution")).map(([key, { shape, data, dtype = "f32", grad }]) => [
      key,
      graph.fixed(upload(engine, data as ArrayLike<number>, dtype), shape, dtype, 0, grad),
    ]),
  );
  const made = losses(levelsOf(tensors));
  const grads = graph.gradients((g) => {
    for (const loss of made) loss.seed(1, g);
  });
  const program = await Program.compile(graph, { g: grads.of(tensors[name]) as Tensor });
  const { g } = await program.fetch();
  program.dispose();
  return g as Float32Array;
}

// ---- the published numbers, by hand ----

interface Single {
  cls?: number[];
  box?: number[];
  label?: number;
  truth?: number[];
  anchor?: number[];
  stride?: number;
}

/** The value of a loss of one row on one level. */
async function lossOf(loss: (levels: Level[]) => Loss, one: Single): Promise<number> {
  const { cls = [0], box = [0, 0, 0, 0], label = 0, truth = [0, 0, 1, 1], anchor = [0, 0, 1, 1], stride = 1 } = one;
  const engine = await testEngine();
  const graph = new Graph(engine);
  const make = (values: number[], shape: number[], dtype: "f32" | "u32" = "f32") =>
    graph.fixed(upload(engine, values, dtype), shape, dtype);
  const level: Level = {
    ...{ cls: make(cls, [1, cls.length]), box: make(box, [1, box.length]), labels: make([label], [1], "u32"), stride },
    ...{ boxes: make(truth, [1, 4]), weights: make([1], [1]), anchors: make(anchor, [1, 4]) },
  };
  const program = await Program.compile(graph, { value: loss([level]).value });
  const { value } = await program.fetch();
  program.dispose();
  return value[0];
}

/** Distances, as logarithms, of a box from the middle of its truth or any other point. */
const distancesOf = ([x1, y1, x2, y2]: number[], [x, y]: number[]) => [x - x1, y - y1, x2 - x, y2 - y].map(Math.log);

describe("known values", () => {
  test.each([
    { x: 0, label: 0, expected: 0.043322 },
    { x: 0, label: 1, expected: 0.129965 },
    { x: 2, label: 0, expected: 0.000451 },
    { x: 2, label: 1, expected: 1.237559 },
  ])("focal at $x, label $label", async ({ x, label, expected }) => {
    expect(await lossOf((levels) => focalLoss(levels, { normaliser: 1 }), { cls: [x], label })).toBeCloseTo(expected, 6);
  });

  test.each([
    { x: 0, label: 0, width: 0.8, expected: 0.062383 },
    { x: 0, label: 1, width: 0.8, expected: 0.173287 },
    { x: 1, label: 0, width: 0.8, expected: 0.002439 },
    { x: Math.log(4), label: 0, width: 0.8, expected: 0 },
  ])("quality focal at $x, label $label", async ({ x, label, width, expected }) => {
    // A box 0.8 as wide as the truth, inside it: IoU 0.8.
    const box = distancesOf([0, 0, width, 1], [0.5, 0.5]);
    const loss = (levels: Level[]) => qualityFocalLoss(levels, { quality: overlaps(levels, { coder: "distances" }), normaliser: 1 });
    expect(await lossOf(loss, { cls: [x], label, box })).toBeCloseTo(expected, 6);
  });

  test.each([0.4, 3.3, 9, 15.8, 40])("distribution focal of equal bins at %d", async (at) => {
    const truth = [-at, -at, at, at];
    const loss = (levels: Level[]) => distributionFocalLoss(levels, { normaliser: 1 });
    const one = { box: Array(68).fill(1.5), truth, anchor: [-1, -1, 1, 1] };
    expect(await lossOf(loss, one)).toBeCloseTo(2.833213, 5);
  });

  test("distribution focal is least when the two bins next to 3.3 hold .7 and .3", async () => {
    const logits = Array.from({ length: 17 }, (_, j) => (j === 3 ? Math.log(0.7) : j === 4 ? Math.log(0.3) : -60));
    const one = { box: [...logits, ...logits, ...logits, ...logits], truth: [-3.3, -3.3, 3.3, 3.3], anchor: [-1, -1, 1, 1] };
    expect(await lossOf((levels) => distributionFocalLoss(levels, { normaliser: 1 }), one)).toBeCloseTo(0.610864, 5);
  });

  test("equal bins mean a distance of 8 strides", async () => {
    const one = { box: Array(68).fill(0), truth: [-16, -16, 16, 16], anchor: [-1, -1, 1, 1], stride: 2 };
    const loss = (levels: Level[]) => boxLoss(levels, { coder: "distribution", form: "giou", normaliser: 1 });
    expect(await lossOf(loss, one)).toBeCloseTo(0, 6);
  });

  test.each([
    { box: [0, 0, 2, 2], truth: [1, 1, 3, 3], form: "iou" as const, expected: 1.94591 },
    { box: [0, 0, 2, 2], truth: [1, 1, 3, 3], form: "giou" as const, expected: 1.079365 },
    { box: [0, 0, 1, 1], truth: [2, 0, 3, 1], form: "giou" as const, expected: 4 / 3 },
    { box: [0, 0, 1, 1], truth: [2, 0, 3, 1], form: "iou" as const, expected: -Math.log(1e-6) },
    { box: [0, 0, 2, 3], truth: [0, 0, 2, 3], form: "iou" as const, expected: 0 },
    { box: [0, 0, 2, 3], truth: [0, 0, 2, 3], form: "giou" as const, expected: 0 },
  ])("$form of $box and $truth", async ({ box, truth, form, expected }) => {
    const middle = centre64(box);
    const one = { box: distancesOf(box, middle), truth, anchor: [...middle, ...middle] };
    expect(await lossOf((levels) => boxLoss(levels, { coder: "distances", form, normaliser: 1 }), one)).toBeCloseTo(expected, 5);
  });

  test("huge distances and logits stay finite, without positives everything is zero", async () => {
    const far = { box: [90, 90, 90, 90], cls: [200], label: 0 };
    const background = { ...far, label: 1 };
    for (const form of ["iou", "giou"] as const) {
      const loss = (levels: Level[]) => boxLoss(levels, { coder: "distances", form, normaliser: 0 });
      expect(Number.isFinite(await lossOf(loss, far))).toBe(true);
      expect(await lossOf(loss, background)).toBe(0);
    }
    expect(await lossOf((levels) => focalLoss(levels, { normaliser: 1 }), far)).toBe(0);
    expect(await lossOf((levels) => focalLoss(levels, { normaliser: 1 }), background)).toBeCloseTo(150, 3);
  });
});

test("levels that do not fit are refused", async () => {
  const graph = new Graph(await testEngine());
  const level: Level = {
    ...{ cls: graph.temp([6, 3]), box: graph.temp([6, 4]), labels: graph.temp([2, 3], "u32"), stride: 8 },
    ...{ boxes: graph.temp([2, 3, 4]), weights: graph.temp([2, 3]), anchors: graph.temp([3, 4]) },
  };
  const scaling = { normaliser: 1 };
  expect(() => focalLoss([level], scaling)).not.toThrow();
  expect(() => focalLoss([{ ...level, labels: graph.temp([2, 3]) }], scaling)).toThrow("labels are f32");
  expect(() => focalLoss([{ ...level, cls: graph.temp([5, 3]) }], scaling)).toThrow("class logits are f32 [5,3] for 6 rows");
  expect(() => deltaLoss([{ ...level, anchors: graph.temp([4, 4]) }], scaling)).toThrow("anchors are f32 [4,4]");
  expect(() => centernessLoss([level], scaling)).toThrow("no centerness");
});
