/** Detectors as files: PyTorch's layout, mmdetection's names, and files that are refused. */
import { describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../safetensors";
import type { Weights } from "../weights";
import { DETECTORS, type DetectorConfig, detectorShapes, smallDetector } from "./config";
import { weightsOf } from "./detector.fixture";
import { fromTorch, readDetector, toTorch, writeDetector } from "./names";

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

test.each(DETECTORS)("%s: weights come back from a file bit by bit, with the configuration and what else was told", (kind) => {
  const config = { ...CONFIG, kind };
  const weights = weightsOf(config);
  const file = writeDetector({ weights, config, metadata: { classes: '["a","b","c"]' } });
  const read = readDetector(file, "d.safetensors");
  expect(read.config).toEqual(config);
  expect(read.metadata).toMatchObject({ classes: '["a","b","c"]' });
  expect([...read.weights.keys()].sort()).toEqual([...weights.keys()].sort());
  for (const [name, weight] of weights) expect(read.weights.get(name), name).toEqual(weight);
});

test("files have the shapes of mmdetection's", () => {
  const tensors = readSafetensors(writeDetector({ weights: weightsOf(CONFIG), config: CONFIG, metadata: {} }));
  const shapes = ["backbone.conv1.weight", "neck.lateral_convs.2.conv.weight", "bbox_head.gfl_reg.weight", "bbox_head.scales.1.scale"];
  expect(shapes.map((name) => tensors.get(name)?.shape)).toEqual([[4, 3, 3, 3], [8, 32, 1, 1], [32, 8, 3, 3], []]);
});

describe("published checkpoints", () => {
  const published = (more: [string, { shape: number[]; data: Float32Array | Int32Array }][] = []) =>
    new Map([...[...toTorch(weightsOf(CONFIG))].map(([name, w]) => [`module.${name}`, w] as const), ...more]);

  test("prefixes and what only training needs are dropped; the configuration is told", () => {
    const one = { shape: [1], data: Int32Array.of(7) };
    const file = writeSafetensors(
      published([
        ["backbone.bn1.num_batches_tracked", one],
        ["bbox_head.integral.project", one],
      ]),
    );
    const { weights } = readDetector(file, "d.safetensors", CONFIG);
    expect(weights).toEqual(sorted(weightsOf(CONFIG), weights));
  });

  test("a tensor without a place is refused by name", () => {
    const file = writeSafetensors(published([["bbox_head.extra.weight", { shape: [1], data: Float32Array.of(1) }]]));
    expect(() => readDetector(file, "d.safetensors", CONFIG)).toThrow(
      'd.safetensors: 1 tensors have no place in this model: "bbox_head.extra.weight"',
    );
  });

  test("integers are no weights", () => {
    expect(() => fromTorch(new Map([["backbone.conv1.weight", { shape: [1], data: Int32Array.of(1) }]]), "d.st")).toThrow(
      'd.st: "backbone.conv1.weight" holds no floats. Save it as floating point numbers.',
    );
  });
});

/** The weights in the order of another map, which a file sorts. */
function sorted(weights: Weights, like: Weights): Weights {
  return new Map([...like.keys()].map((name) => [name, weights.get(name)!]));
}

describe("refused", () => {
  const file = (metadata: Record<string, string>) => writeSafetensors(toTorch(weightsOf(CONFIG)), metadata);

  test.each<[string, Record<string, string>, string]>([
    [
      "a file that does not say what it is",
      {},
      "d.st does not say which detector it is. Use a detector this app saved, or say what it is.",
    ],
    ["a broken description", { detector: "{" }, "d.st: its description of the detector is broken."],
    [
      "an impossible description",
      { detector: JSON.stringify({ ...CONFIG, levels: 9 }) },
      "d.st: levels is 9. It has to be one of 3, 4, 5.",
    ],
    ["another size", { detector: JSON.stringify({ ...CONFIG, classes: 4 }) }, 'd.st: tensor "bbox_head.gfl_cls.weight" has the shape'],
  ])("%s", (_, metadata, message) => {
    expect(() => readDetector(file(metadata), "d.st")).toThrow(message);
  });

  test("a missing tensor", () => {
    const weights = weightsOf(CONFIG);
    weights.delete("backbone.conv1.weight");
    expect(detectorShapes(CONFIG).has("backbone.conv1.weight")).toBe(true);
    expect(() => readDetector(writeDetector({ weights, config: CONFIG, metadata: {} }), "d.st")).toThrow(
      'd.st: tensor "backbone.conv1.weight" of shape [4,3,3,3] is missing.',
    );
  });
});
