import { expect, test } from "vitest";
import { constant, initModules, layer, type Module } from "./modules";

const deviation = (data: Float32Array) => Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / data.length);

test("fresh modules: PyTorch's bounds, He's deviation, constants; by seed", () => {
  const he: Module = { shape: [1, 4000], init: { kind: "he", fanIn: 50 } };
  const modules = { ...layer("conv", 16, 32, 3), ...layer("dense", 64, 8), "one.weight": constant([3], 1), he };
  const weights = initModules(modules, 1);
  expect([...weights].map(([name, { shape }]) => [name, shape])).toEqual([
    ["conv.weight", [32, 3, 3, 16]],
    ["conv.bias", [32]],
    ["dense.weight", [8, 64]],
    ["dense.bias", [8]],
    ["one.weight", [3]],
    ["he", [1, 4000]],
  ]);
  const data = (name: string) => weights.get(name)?.data as Float32Array;
  for (const [name, bound] of [
    ["conv.weight", 1 / 12],
    ["conv.bias", 1 / 12],
    ["dense.weight", 1 / 8],
  ] as const) {
    expect(Math.max(...data(name).map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(deviation(data(name)) / (bound / Math.sqrt(3))).toBeGreaterThan(0.8);
  }
  expect(deviation(data("he")) / 0.2).toBeCloseTo(1, 1);
  expect([...data("one.weight")]).toEqual([1, 1, 1]);
  expect(initModules(modules, 1)).toEqual(weights);
  expect(initModules(modules, 2).get("he")).not.toEqual(weights.get("he"));
});
