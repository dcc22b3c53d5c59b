/** Multiply-adds of detectors: torchvision's for its backbones, by hand for the rest. */
import { expect, test } from "vitest";
import { type DetectorConfig, smallDetector } from "../models/detector/config";
import { detectorMacs } from "./cost.detector";

const resnet = (block: "basic" | "bottleneck", blocks: DetectorConfig["blocks"]): DetectorConfig => ({
  ...smallDetector("gfl", "student", 3, 224),
  ...{ block, blocks, width: 64, stem: 7 },
});

test.each([
  ["ResNet-18", resnet("basic", [2, 2, 2, 2]), 512, 1.814],
  ["ResNet-50", resnet("bottleneck", [3, 4, 6, 3]), 2048, 4.089],
  ["ResNet-101", resnet("bottleneck", [3, 4, 23, 3]), 2048, 7.801],
] as const)("%s at 224 pixels costs what torchvision says, without its classifier", (_, config, features, giga) => {
  expect((detectorMacs(config).backbone + 1000 * features) / 1e9).toBeCloseTo(giga, 3);
});

test("neck and head of a small GFL, by hand", () => {
  const { neck, head, total, backbone } = detectorMacs(smallDetector("gfl", "student", 9));
  const [cells, c] = [16 * 16 + 8 * 8 + 4 * 4, 24];
  expect(neck).toBe(cells * 9 * c * c + c * (256 * 24 + 64 * 48 + 16 * 96));
  expect(head).toBe(cells * 9 * c * (2 * c + 9 + 4 * 8));
  expect(total).toBe(backbone + neck + head);
});

test("RetinaNet's P6 is made of C5; centerness costs one channel more", () => {
  const five = (kind: DetectorConfig["kind"]) => detectorMacs({ ...smallDetector(kind, "student", 3), levels: 5 });
  expect(five("retinanet").neck - five("gfl").neck).toBe(2 * 2 * 9 * 24 * (96 - 24));
  expect(five("atss").head).toBe((256 + 64 + 16 + 4 + 1) * 9 * 24 * (2 * 24 + 3 + 4 + 1));
});

test("a plain backbone and its pyramid, by hand", () => {
  const plain = { width: 32, depth: 2, heads: 4, window: 2, globals: 1 };
  const { backbone, neck } = detectorMacs({ ...smallDetector("gfl", "student", 3, 64), plain });
  expect(backbone).toBe(16 * 32 * 768 + 2 * 16 * 12 * 32 ** 2 + 16 * 32 * 2 * (4 + 16));
  expect(neck).toBe(16 * 32 * 64 + 64 * 16 * 24 + (16 + 4) * 32 * 24 + (64 + 16 + 4) * 9 * 24 ** 2);
});
