import { describe, expect, it } from "vitest";
import { readSafetensors } from "../safetensors";
import { hasShared, mnistImages, mnistLabels, sharedBytes, sharedJson } from "../shared.fixture";
import { initViT, patches, type ViTConfig } from "./config";
import { inferViT, LAYOUT_EPS, toTimm } from "./names";
import { erf, gelu, vitForward64 } from "./reference";

const SMALL: ViTConfig = {
  image: 8,
  patch: 4,
  channels: 3,
  classes: 5,
  width: 12,
  depth: 2,
  heads: 3,
  headDim: 4,
  mlp: 24,
  activation: "gelu",
  qkvBias: true,
  projBias: true,
  eps: 1e-6,
};

interface Reference {
  image_index: number[];
  logits_float64: number[][];
  /** [image][0 = before the first block, then after each][D], rounded to float32. */
  cls_after_block: number[][][];
  predictions: string;
}

describe("erf and GELU", () => {
  it("agree with the C library's erf to 1e-15", () => {
    const known = [
      [1e-8, 1.1283791670955126e-8],
      [0.1, 0.1124629160182849],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [2.9, 0.9999589021219005],
      [3.1, 0.9999883513426328],
      [4, 0.9999999845827421],
      [6, 1],
    ];
    for (const [x, y] of known) {
      expect(Math.abs(erf(x) - y)).toBeLessThan(1e-15);
      expect(erf(-x)).toBe(-erf(x));
    }
    expect(erf(0)).toBe(0);
  });

  it("is smooth where the series hands over to the continued fraction", () => {
    expect(Math.abs(erf(3 + 1e-12) - erf(3))).toBeLessThan(1e-15);
  });

  it("gives GELU's values, zero far left and identity far right", () => {
    expect(gelu(1)).toBeCloseTo(0.8413447460685429, 14);
    expect(gelu(-1)).toBeCloseTo(-0.15865525393145707, 14);
    expect(gelu(-40)).toBeCloseTo(0, 14);
    expect(gelu(40)).toBe(40);
  });
});

describe("masking", () => {
  const weights = initViT(SMALL, 1);
  const images = Float64Array.from({ length: 2 * 3 * 64 }, (_, i) => Math.sin(i));
  const full = vitForward64(SMALL, weights, images, 2);

  it("changes nothing when every patch is kept, in whatever order", () => {
    const kept = vitForward64(SMALL, weights, images, 2, [
      [0, 1, 2, 3],
      [3, 1, 0, 2],
    ]);
    expectClose(kept.logits.flat(), full.logits.flat(), 1e-14);
    expect(full.attention.map((a) => a.length)).toEqual([2 * 3 * 25, 2 * 3 * 25]);
  });

  it("makes the answer independent of dropped patches and only of those", () => {
    const changed = images.slice();
    changed[0] += 1; // patch 0 of image 0
    const run = (pixels: Float64Array, keep: number[]) => vitForward64(SMALL, weights, pixels, 2, [keep, keep]).logits;
    expect(run(changed, [1, 3])).toEqual(run(images, [1, 3]));
    expect(run(changed, [0, 3])[0]).not.toEqual(run(images, [0, 3])[0]);
    expect(run(changed, [0, 3])[1]).toEqual(run(images, [0, 3])[1]);
  });

  it("attends to CLS and the kept patches only, each row summing to 1", () => {
    const { attention, cls } = vitForward64(SMALL, weights, images, 2, [[2], [0]]);
    for (const block of attention) {
      expect(block.length).toBe(2 * 3 * 2 * 2);
      for (let i = 0; i < block.length; i += 2) expect(block[i] + block[i + 1]).toBeCloseTo(1, 14);
    }
    expect([cls.length, cls[0].length, cls[0][0].length]).toEqual([2, 2, 12]);
  });

  it("works with no patch at all", () => {
    const { logits } = vitForward64(SMALL, weights, images, 2, [[], []]);
    expectClose(logits[0], logits[1], 0);
  });

  it("refuses images, masks and weights that do not fit", () => {
    expect(() => vitForward64(SMALL, weights, images, 3)).toThrow("384 pixels are not 3 images of 192");
    expect(() => vitForward64(SMALL, weights, images, 2, [[0]])).toThrow("1 rows for 2 images");
    expect(() => vitForward64(SMALL, weights, images, 2, [[0], [4]])).toThrow("Patch 4 is not one of 4");
    expect(() => vitForward64(SMALL, weights, images, 2, [[0], [1, 2]])).toThrow("same number");
    expect(() =>
      vitForward64(SMALL, weights, images, 2, [
        [0, 0],
        [1, 2],
      ]),
    ).toThrow("kept twice");
    expect(() => vitForward64(SMALL, new Map(), images, 2)).toThrow("no cls_token");
  });

  it("has no logits without a head", () => {
    const headless = { ...SMALL, classes: 0 };
    expect(vitForward64(headless, initViT(headless, 1), images, 2).logits).toEqual([[], []]);
  });
});

describe.skipIf(!hasShared).each(["vit_371", "vit_mnist_gpu"])("trained %s", (model) => {
  const load = () => {
    const weights = toTimm(readSafetensors(sharedBytes(`vit-mnist/${model}/model.safetensors`)), model);
    const config = inferViT(weights, 4, model, { activation: "relu", eps: LAYOUT_EPS.lucidrains });
    return { weights, config, reference: sharedJson<Reference>(`vit-mnist/${model}/reference.json`) };
  };

  it("gives PyTorch's float64 logits and its CLS tokens", () => {
    const { weights, config, reference } = load();
    const { logits, cls } = vitForward64(config, weights, mnistImages(reference.image_index), 16);
    expectClose(logits.flat(), reference.logits_float64.flat(), 1e-11);
    reference.cls_after_block.forEach((blocks, b) => {
      for (const [l, tokens] of cls.entries()) expectClose(tokens[b], blocks[l + 1], 2e-6);
    });
  });

  it("gives its attention maps", () => {
    const { weights, config, reference } = load();
    const { attention } = vitForward64(config, weights, mnistImages(reference.image_index.slice(0, 2)), 2);
    const maps = readSafetensors(sharedBytes(`vit-mnist/${model}/attention.safetensors`));
    const size = config.heads * (patches(config) + 1) ** 2;
    expect(maps.size).toBe(2 * config.depth);
    for (const [name, { data }] of maps) {
      const [image, block] = (/image(\d)\.block(\d)/.exec(name) ?? []).slice(1).map(Number);
      expectClose([...attention[block].subarray(image * size, (image + 1) * size)], Array.from(data, Number), 6e-8);
    }
  });
});

describe.skipIf(!hasShared)("published accuracy", () => {
  it("of vit_371 on digits 0 to 2 is met image by image: 1533 of 1561", () => {
    const weights = toTimm(readSafetensors(sharedBytes("vit-mnist/vit_371/model.safetensors")));
    const config = inferViT(weights, 4, "vit_371", { eps: LAYOUT_EPS.lucidrains });
    const labels = mnistLabels();
    const indices = labels.flatMap((label, i) => (label < 3 ? [i] : []));
    const { logits } = vitForward64(config, weights, mnistImages(indices), indices.length);
    const answers = logits.map((row) => row.indexOf(Math.max(...row)));
    expect(answers.join("")).toBe(sharedJson<Reference>("vit-mnist/vit_371/reference.json").predictions);
    expect(answers.filter((answer, i) => answer === labels[indices[i]]).length).toBe(1533);
  });
});

/** Largest absolute difference at most `tolerance`. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = Array.from(actual, (v, i) => Math.abs(v - expected[i])).reduce((a, b) => Math.max(a, b), 0);
  expect(worst).toBeLessThanOrEqual(tolerance);
}
