/** Names, shapes and fresh weights of detectors, and the configurations that are refused. */
import { describe, expect, test } from "vitest";
import { checkDetector, DETECTORS, type DetectorConfig, detectorShapes, groups, residualBlocks, sides, smallDetector } from "./config";
import { initDetector } from "./init";

/** mmdetection's retinanet_r50_fpn for COCO, at the square input 320. */
const R50: DetectorConfig = {
  ...{ kind: "retinanet", image: 320, classes: 80, block: "bottleneck", blocks: [3, 4, 6, 3], width: 64, stem: 7 },
  ...{ channels: 256, stacked: 4, levels: 5, norm: "bn", anchor: 8, regMax: 16 },
};

const count = (shapes: Map<string, number[]>, part = /./) =>
  [...shapes].filter(([name]) => part.test(name)).reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0);
const trained = (config: DetectorConfig) => new Map([...detectorShapes(config)].filter(([name]) => !name.includes("running")));

describe("published sizes are met to the parameter", () => {
  test("ResNet-50 without its classifier has 23,508,032", () => {
    expect(count(trained(R50), /^backbone/)).toBe(23_508_032);
  });

  test("ResNeXt-50 32x4d without its classifier has 22,979,904", () => {
    expect(count(trained({ ...R50, cardinality: 32, groupWidth: 4 }), /^backbone/)).toBe(22_979_904);
  });

  test("ResNet-18 without its classifier has 11,176,512", () => {
    expect(count(trained({ ...R50, block: "basic", blocks: [2, 2, 2, 2] }), /^backbone/)).toBe(11_176_512);
  });

  /** Scales and biases of the backbone's 53 batch norms: torchvision freezes them and counts them out. */
  const NORMS = 53_120;

  test("RetinaNet with ResNet-50 and 91 outputs has torchvision's 34,014,999, but for P6, which is made of C5 here", () => {
    expect(count(trained({ ...R50, classes: 91 })) - NORMS - 9 * 256 * (2048 - 256)).toBe(34_014_999);
  });

  test("FCOS with ResNet-50 and 91 outputs has torchvision's 32,269,600, but for biases before norms and scales", () => {
    expect(count(trained({ ...R50, kind: "fcos", classes: 91 })) - NORMS + 8 * 256 - 5).toBe(32_269_600);
  });
});

test("names are those of torchvision and mmdetection", () => {
  const names = [...detectorShapes({ ...smallDetector("fcos", "student", 3), stacked: 1 }).keys()];
  expect(names.slice(0, 6)).toEqual([
    "backbone.conv1.weight",
    "backbone.bn1.weight",
    "backbone.bn1.bias",
    "backbone.layer1.0.conv1.weight",
    "backbone.layer1.0.bn1.weight",
    "backbone.layer1.0.bn1.bias",
  ]);
  for (const name of ["backbone.layer2.0.downsample.0.weight", "neck.lateral_convs.0.conv.bias", "neck.fpn_convs.2.conv.weight"])
    expect(names).toContain(name);
  expect(names.filter((name) => /^bbox_head\.(cls|reg)_convs/.test(name))).toEqual(
    ["cls", "reg"].flatMap((b) => ["conv.weight", "gn.weight", "gn.bias"].map((part) => `bbox_head.${b}_convs.0.${part}`)),
  );
  expect(names.slice(-9)).toEqual([
    ...["conv_cls", "conv_reg", "conv_centerness"].flatMap((name) => [`bbox_head.${name}.weight`, `bbox_head.${name}.bias`]),
    ...[0, 1, 2].map((l) => `bbox_head.scales.${l}.scale`),
  ]);
});

test("only the first block of a stage that changes size has a convolution in its shortcut", () => {
  const shortcuts = (config: DetectorConfig) => residualBlocks(config).flatMap(({ name, shortcut }) => (shortcut ? [name] : []));
  const later = [2, 3, 4].map((s) => `backbone.layer${s}.0`);
  expect(shortcuts(smallDetector("gfl", "teacher", 3))).toEqual(later);
  expect(shortcuts(R50)).toEqual(["backbone.layer1.0", ...later]);
});

test("levels of images of 128 and 64 pixels", () => {
  expect(sides(smallDetector("gfl", "student", 3))).toEqual([16, 8, 4]);
  expect(sides({ ...smallDetector("gfl", "student", 3, 64), levels: 5 })).toEqual([8, 4, 2, 1, 1]);
});

test("wide layers are normalised in 32 groups, narrow ones by fours", () => {
  expect([4, 12, 96, 128, 256, 2048].map(groups)).toEqual([1, 3, 24, 32, 32, 32]);
});

describe.each(DETECTORS)("fresh weights of %s", (kind) => {
  const config = smallDetector(kind, "student", 4);
  const weights = initDetector(config, 3);
  const of = (name: string) => weights.get(name)!.data;
  const spread = (name: string) => Math.sqrt(of(name).reduce((sum, v) => sum + v * v, 0) / of(name).length);

  test("the seed decides every number", () => {
    const differing = (seed: number) =>
      [...initDetector(config, seed)].filter(([name, { data }]) => data.some((v, i) => v !== of(name)[i]));
    expect(differing(3)).toEqual([]);
    expect(differing(4).map(([name]) => name)).toContain("backbone.conv1.weight");
  });

  test("He's rule in the backbone, Glorot's in the neck, N(0, .01) of 256 channels in the head", () => {
    expect(spread("backbone.layer4.0.conv2.weight") / Math.sqrt(2 / (9 * 96))).toBeCloseTo(1, 1);
    expect(spread("neck.fpn_convs.0.conv.weight") / Math.sqrt(2 / (9 * 48))).toBeCloseTo(1, 1);
    expect(spread("bbox_head.cls_convs.0.conv.weight") / (0.01 * Math.sqrt(256 / 24))).toBeCloseTo(1, 1);
  });

  test("every class starts at one percent, every norm at 1, the last of a block at 0", () => {
    const bias = [...weights].find(([name]) => /(retina|conv|atss|gfl)_cls\.bias/.test(name))!;
    for (const v of bias[1].data) expect(v).toBeCloseTo(-4.59512, 5);
    expect(new Set(of("backbone.layer1.0.bn1.weight"))).toEqual(new Set([1]));
    expect(new Set(of("backbone.layer1.0.bn2.weight"))).toEqual(new Set([0]));
    expect(new Set(of("backbone.layer1.0.bn2.bias"))).toEqual(new Set([0]));
  });
});

test("running statistics start at mean 0 and variance 1", () => {
  const weights = initDetector({ ...smallDetector("gfl", "student", 4), norm: "bn" }, 1);
  expect([...weights.get("backbone.layer1.0.bn2.running_mean")!.data].every((v) => v === 0)).toBe(true);
  expect([...weights.get("backbone.layer1.0.bn2.running_var")!.data].every((v) => v === 1)).toBe(true);
});

test.each<[Partial<Record<keyof DetectorConfig, unknown>>, string]>([
  [{ kind: "yolo" }, 'd.st: kind is "yolo". It has to be one of retinanet, fcos, atss, gfl.'],
  [{ image: 100 }, "d.st: image is 100. It has to be a multiple of 32, the stride of C5."],
  [{ classes: 0 }, "d.st: classes is 0. It has to be a whole number from 1 to 1000000."],
  [{ blocks: [1, 0, 1, 1] }, "d.st: the number of blocks of a stage is 0. It has to be a whole number from 1 to 1000."],
  [{ blocks: [1, 1] }, "d.st: the number of stages is 2. It has to be one of 4."],
  [{ width: 10 }, "d.st: width is 10. It has to be a multiple of 4, from 128 on of 32, to be normalised in groups."],
  [{ channels: 144 }, "d.st: channels is 144. It has to be a multiple of 4"],
  [{ levels: 2 }, "d.st: levels is 2. It has to be one of 3, 4, 5."],
  [{ blocks: [1e9, 1, 1, 1] }, "d.st: the number of blocks of a stage is 1000000000. It has to be a whole number from 1 to 1000."],
  [{ blocks: "1111" }, "d.st: the number of stages is undefined. It has to be one of 4."],
  [{ stacked: { toString: "1" } }, "d.st: stacked is a nested value. It has to be a whole number from 0 to 1000."],
  [{ anchor: "4" }, 'd.st: anchor is "4". It has to be positive'],
  [{ stacked: 1.5 }, "d.st: stacked is 1.5. It has to be a whole number from 0 to 1000."],
  [{ anchor: 0 }, "d.st: anchor is 0. It has to be positive, usually 8 or 4."],
])("refused: %o", (change, message) => {
  expect(() => checkDetector({ ...smallDetector("gfl", "student", 3), ...change } as DetectorConfig, "d.st")).toThrow(message);
});
