import { describe, expect, it } from "vitest";
import { WeightsError } from "../weights";
import { checkConfig, checkWeights, gridOf, initViT, patches, type ViTConfig, vitShapes } from "./config";
import { DEIT_S } from "./vit.fixture";

const TINY: ViTConfig = { ...DEIT_S, image: 8, patch: 4, channels: 1, classes: 3, width: 16, depth: 2, heads: 2, headDim: 4, mlp: 32 };

describe("shapes", () => {
  it("are DeiT-S's: 152 tensors, 22,050,664 parameters", () => {
    const shapes = vitShapes(DEIT_S);
    expect(shapes.size).toBe(152);
    expect([...shapes.values()].reduce((sum, s) => sum + s.reduce((a, b) => a * b, 1), 0)).toBe(22_050_664);
    expect(shapes.get("pos_embed")).toEqual([1, 197, 384]);
    expect(shapes.get("blocks.11.attn.qkv.weight")).toEqual([1152, 384]);
    expect(shapes.get("blocks.11.mlp.fc2.weight")).toEqual([384, 1536]);
    expect(patches(DEIT_S)).toBe(196);
  });

  it("use heads x headDim, which need not be the width", () => {
    const shapes = vitShapes(TINY);
    expect(shapes.get("blocks.0.attn.qkv.weight")).toEqual([24, 16]);
    expect(shapes.get("blocks.0.attn.proj.weight")).toEqual([16, 8]);
  });

  it("leave out what the configuration says is absent", () => {
    const names = [...vitShapes({ ...TINY, mlp: 0, qkvBias: false, projBias: false, classes: 0 }).keys()];
    expect(names).toEqual([
      "cls_token",
      "pos_embed",
      "patch_embed.proj.weight",
      "patch_embed.proj.bias",
      ...["blocks.0", "blocks.1"].flatMap((b) => [`${b}.norm1.weight`, `${b}.norm1.bias`, `${b}.attn.qkv.weight`, `${b}.attn.proj.weight`]),
      "norm.weight",
      "norm.bias",
    ]);
  });
});

describe("patches of oblong images", () => {
  const AST: ViTConfig = { ...DEIT_S, family: "ast", image: 128, columns: 512, patch: 16, stride: 10, channels: 1, classes: 50 };

  it("are AST's 12 x 50 = 600 where they overlap, and positions are as many, and two", () => {
    expect([gridOf(AST), patches(AST)]).toEqual([[12, 50], 600]);
    expect(vitShapes(AST).get("pos_embed")).toEqual([1, 602, 384]);
    expect(vitShapes(AST).get("head_norm.weight")).toEqual([384]);
    expect([...vitShapes(AST).keys()]).not.toContain("head_dist.weight");
  });

  it("tile the image where they do not overlap, and lie within it where they do", () => {
    expect(gridOf({ image: 32, columns: 96, patch: 8 })).toEqual([4, 12]);
    expect(gridOf({ image: 32, columns: 96, patch: 8, stride: 4 })).toEqual([7, 23]);
    expect(gridOf({ image: 7, columns: 9, patch: 4, stride: 3 })).toEqual([2, 2]);
  });
});

describe("impossible configurations", () => {
  it.each<[Partial<ViTConfig>, string]>([
    [{ patch: 3 }, "patches of 3 do not tile an image of 8"],
    [{ depth: 0 }, "depth is 0"],
    [{ heads: 1.5 }, "heads is 1.5"],
    [{ width: Number.NaN }, "width is NaN"],
    [{ mlp: -1 }, "mlp is -1"],
    [{ classes: 0.5 }, "classes is 0.5"],
    [{ eps: 0 }, "eps is 0"],
    [{ columns: 10 }, "patches of 4 do not tile an image of 8 x 10"],
    [{ columns: 2, stride: 2 }, "patches of 4 do not fit into an image of 8 x 2"],
    [{ columns: 8.5 }, "columns is 8.5"],
    [{ stride: 5 }, "stride is 5"],
    [{ stride: 0 }, "stride is 0"],
  ])("%j", (change, message) => {
    expect(() => checkConfig({ ...TINY, ...change }, "student")).toThrow(`student: ${message}`);
    expect(() => vitShapes({ ...TINY, ...change })).toThrow(WeightsError);
  });
});

describe("fresh weights", () => {
  const weights = initViT(TINY, 3);

  it("belong to their configuration and repeat with the seed", () => {
    checkWeights(TINY, weights);
    expect(initViT(TINY, 3)).toEqual(weights);
    expect(initViT(TINY, 4).get("cls_token")).not.toEqual(weights.get("cls_token"));
  });

  it("are 1 in norms, 0 in biases, and differ between tensors of equal shape", () => {
    expect(weights.get("blocks.1.norm2.weight")?.data.every((v) => v === 1)).toBe(true);
    expect(weights.get("norm.weight")?.data.every((v) => v === 1)).toBe(true);
    for (const [name, { data }] of weights) if (name.endsWith("bias")) expect(data.every((v) => v === 0)).toBe(true);
    expect(weights.get("blocks.0.mlp.fc1.weight")).not.toEqual(weights.get("blocks.1.mlp.fc1.weight"));
  });

  /** Standard deviation, and the largest of all. */
  function spread(name: string): [std: number, most: number] {
    const { data } = initViT({ ...TINY, width: 64, heads: 4, headDim: 16, mlp: 256 }, 1).get(name)!;
    return [Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / data.length), data.reduce((most, v) => Math.max(most, Math.abs(v)), 0)];
  }

  // A unit normal cut at 2 keeps the standard deviation 0.8796.
  it.each([
    ["blocks.0.mlp.fc1.weight", 1 / Math.sqrt(64)],
    ["blocks.0.mlp.fc2.weight", 1 / Math.sqrt(256)],
    ["patch_embed.proj.weight", 1 / Math.sqrt(TINY.channels * TINY.patch ** 2)],
    ["pos_embed", 0.02 * 0.8796],
  ])("%s: a normal cut at two standard deviations, which keep what passes a matrix as large as it was", (name, expected) => {
    const [std, most] = spread(name);
    expect(std / expected).toBeCloseTo(1, 1);
    expect(most).toBeLessThanOrEqual(Math.fround((2 * expected) / 0.8796) * 1.000001);
    expect(most).toBeGreaterThan((1.8 * expected) / 0.8796);
  });
});

describe("weights that do not fit", () => {
  const broken = (change: (weights: ReturnType<typeof initViT>) => void) => {
    const weights = initViT(TINY, 0);
    change(weights);
    return () => checkWeights(TINY, weights, "teacher.safetensors");
  };

  it.each<[string, (weights: ReturnType<typeof initViT>) => void, RegExp]>([
    ["a missing one", (w) => w.delete("norm.bias"), /"norm\.bias" of shape \[16\] is missing/],
    ["an extra one", (w) => w.set("blocks.2.norm1.bias", { shape: [1], data: new Float32Array(1) }), /no place.*"blocks\.2\.norm1\.bias"/],
    ["a wrong shape", (w) => w.set("norm.bias", { shape: [4, 4], data: new Float32Array(16) }), /has the shape \[4,4\].*needs \[16\]/],
    ["too few values", (w) => w.set("norm.bias", { shape: [16], data: new Float32Array(15) }), /holds 15 values for \[16\]/],
    ["a NaN", (w) => w.get("head.weight")?.data.fill(Number.NaN, 5), /"head\.weight" is NaN at position 5.*earlier checkpoint/],
    ["an infinity", (w) => w.get("cls_token")?.data.fill(Number.NEGATIVE_INFINITY, 0, 1), /is -Infinity at position 0/],
  ])("%s", (_, change, message) => {
    expect(broken(change)).toThrow(WeightsError);
    expect(broken(change)).toThrow(message);
    expect(broken(change)).toThrow(/^teacher\.safetensors: .*([Uu]se|Load) /s);
  });
});
