import { describe, expect, test } from "vitest";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import {
  boxLossCase,
  centernessCase,
  centre64,
  deltaCase,
  distributionCase,
  focalCase,
  inputsOf,
  K,
  LEVELS,
  levelsOf,
  qualityFocalCase,
  rowsOf,
  weightedBox,
  weightedBoxCase,
  weightedDistribution,
} from "./cases/detection";
import { check, compare, testEngine, upload } from "./check";
import {
  type BoxLossOptions,
  boxLoss,
  centernessLoss,
  deltaLoss,
  distributionFocalLoss,
  focalLoss,
  type Level,
  overlaps,
  qualityFocalLoss,
} from "./detection";
import type { Loss } from "./losses";

describe("losses over two levels", () => {
  test("the made-up targets hold every kind of row", () => {
    const labels = LEVELS.flatMap((_, l) => rowsOf(l).map((r) => r.label));
    for (const label of [0, K, K + 1]) expect(labels).toContain(label);
  });

  test("focal", async () => {
    await check(await testEngine(), focalCase());
  });

  test.each(["distances", "deltas", "distribution"] as const)("quality focal, boxes by %s", async (coder) => {
    await check(await testEngine(), qualityFocalCase(coder));
  });

  test("centerness", async () => {
    await check(await testEngine(), centernessCase());
  });

  describe.each(["distances", "deltas", "distribution"] as const)("boxes by %s", (coder) => {
    test.each<BoxLossOptions["form"]>(["iou", "giou"])("%s", async (form) => {
      await check(await testEngine(), boxLossCase(coder, form));
    });
  });

  describe("weighted by the class probability found on the GPU", () => {
    test("distribution focal", async () => {
      await check(await testEngine(), distributionCase());
    });

    test("GIoU", async () => {
      await check(await testEngine(), weightedBoxCase());
    });

    test("both: gradients at the same numbers add up", async () => {
      const [both, ...parts] = [
        await gradientOf("box0", (levels) => [weightedDistribution(levels), weightedBox(levels)]),
        await gradientOf("box0", (levels) => [weightedDistribution(levels)]),
        await gradientOf("box0", (levels) => [weightedBox(levels)]),
      ];
      const sum = parts[0].map((v, i) => v + parts[1][i]);
      compare("both", both, sum, 1e-6);
    });
  });

  test("deltas", async () => {
    await check(await testEngine(), deltaCase());
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
