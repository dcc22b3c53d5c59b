/** Detectors as files keep them: PyTorch's layout, mmdetection's names, and weights that are refused. */
import { expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../safetensors";
import type { Weights } from "../weights";
import { checkDetectorWeights, DETECTORS, type DetectorConfig, smallDetector } from "./config";
import { weightsOf } from "./detector.fixture";
import { fromTorch, toTorch } from "./names";

const CONFIG: DetectorConfig = { ...smallDetector("gfl", "student", 3, 64), width: 4, channels: 8 };

test("a convolution [O, kh, kw, I] becomes PyTorch's [O, I, kh, kw]", () => {
  const data = Float32Array.from({ length: 2 * 3 * 3 * 4 }, (_, i) => i);
  const torch = toTorch(new Map([["conv.weight", { shape: [2, 3, 3, 4], data }]])).get("conv.weight")!;
  expect(torch.shape).toEqual([2, 4, 3, 3]);
  for (const [o, i, y, x] of [
    [0, 0, 0, 0],
    [1, 3, 2, 1],
    [0, 2, 1, 2],
  ])
    expect(torch.data[((o * 4 + i) * 3 + y) * 3 + x]).toBe(data[((o * 3 + y) * 3 + x) * 4 + i]);
});

test.each(DETECTORS)("%s: weights come back from a file bit by bit", (kind) => {
  const weights = weightsOf({ ...CONFIG, kind });
  const read = fromTorch(readSafetensors(writeSafetensors(toTorch(weights))));
  expect([...read.keys()].sort()).toEqual([...weights.keys()].sort());
  for (const [name, weight] of weights) expect(read.get(name), name).toEqual(weight);
});

test("files have the shapes of mmdetection's", () => {
  const tensors = toTorch(weightsOf(CONFIG));
  const shapes = ["backbone.conv1.weight", "neck.lateral_convs.2.conv.weight", "bbox_head.gfl_reg.weight", "bbox_head.scales.1.scale"];
  expect(shapes.map((name) => tensors.get(name)?.shape)).toEqual([[4, 3, 3, 3], [8, 32, 1, 1], [32, 8, 3, 3], []]);
});

test.each(["module.", "_orig_mod.", "module.student."])("the prefix %s and what only training needs are dropped", (prefix) => {
  const one = { shape: [1], data: Int32Array.of(7) };
  const published = new Map<string, { shape: number[]; data: Float32Array | Int32Array }>([
    ...[...toTorch(weightsOf(CONFIG))].map(([name, w]) => [`${prefix}${name}`, w] as const),
    ...["backbone.bn1.num_batches_tracked", "bbox_head.integral.project", "backbone.fc.weight"].map((name) => [name, one] as const),
  ]);
  expect(fromTorch(published)).toEqual(weightsOf(CONFIG));
});

test("integers are no weights", () => {
  expect(() => fromTorch(new Map([["backbone.conv1.weight", { shape: [1], data: Int32Array.of(1) }]]), "d.st")).toThrow(
    'd.st: "backbone.conv1.weight" holds no floats. Save it as floating point numbers.',
  );
});

test.each<[string, (weights: Weights) => void, string]>([
  ["a missing tensor", (w) => w.delete("backbone.conv1.weight"), 'd.st: tensor "backbone.conv1.weight" of shape [4,3,3,3] is missing.'],
  [
    "a tensor without a place",
    (w) => w.set("x", { shape: [1], data: Float32Array.of(1) }),
    'd.st: 1 tensors have no place in this model: "x".',
  ],
  ["NaN", (w) => w.get("backbone.bn1.bias")!.data.fill(Number.NaN), 'd.st: tensor "backbone.bn1.bias" is NaN at position 0.'],
])("refused by name: %s", (_, change, message) => {
  const weights = weightsOf(CONFIG);
  change(weights);
  expect(() => checkDetectorWeights(CONFIG, weights, "d.st")).toThrow(message);
});
