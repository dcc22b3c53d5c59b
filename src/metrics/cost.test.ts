import { describe, expect, it } from "vitest";
import type { ViTConfig } from "../models/vit/config";
import { DEIT_S } from "../models/vit/vit.fixture";
import { configMacs, learningMacs, paperTeacherMegabytes, saliencyMacs, vitMacs, vitParameters } from "./cost";

const IMAGENET = 1_281_167;

const DEIT_B: ViTConfig = { ...DEIT_S, width: 768, heads: 12, mlp: 3072 };
const VIT_L: ViTConfig = { ...DEIT_S, width: 1024, depth: 24, heads: 16, mlp: 4096 };
const VIT_H: ViTConfig = { ...DEIT_S, patch: 14, width: 1280, depth: 32, heads: 16, headDim: 80, mlp: 5120 };

describe("multiply-adds of the blocks (paper, table 10)", () => {
  it.each([
    ["DeiT-S@384", 577, 384, 3.068, 4.084, 8.168, 15_320_097_792],
    ["DeiT-S@384, half", 289, 384, 0.77, 2.045, 4.091, 6_906_258_432],
    ["DeiT-B", 197, 768, 0.715, 5.577, 11.155, 17_447_454_720],
    ["DeiT-B, half", 99, 768, 0.181, 2.803, 5.606, 8_589_182_976],
    ["DeiT-S", 197, 384, 0.358, 1.394, 2.789, 4_540_695_552],
    ["DeiT-S, half", 99, 384, 0.09, 0.701, 1.401, 2_192_458_752],
  ])("%s", (_, tokens, width, attention, projection, mlp, total) => {
    const macs = vitMacs({ tokens, width, depth: 12 });
    expect(macs.total).toBe(total);
    // The table rounds to three decimals of a G.
    expect(Math.abs(macs.attention / 1e9 - attention)).toBeLessThan(0.0006);
    expect(Math.abs(macs.projection / 1e9 - projection)).toBeLessThan(0.0006);
    expect(Math.abs(macs.mlp / 1e9 - mlp)).toBeLessThan(0.0006);
    expect(total).toBe(12 * (12 * tokens * width ** 2 + 2 * tokens ** 2 * width));
  });

  it("halving the patches of DeiT-S leaves 48.285 % of its cost", () => {
    const [half, full] = [99, 197].map((tokens) => vitMacs({ tokens, width: 384, depth: 12 }).total);
    expect((half / full).toFixed(5)).toBe("0.48285");
  });

  it("are those of this app's small models", () => {
    expect(vitMacs({ tokens: 65, width: 192, depth: 6 }).total).toBe(182_257_920);
    expect(vitMacs({ tokens: 65, width: 64, depth: 6 }).total).toBe(22_414_080);
    const kept = [64, 48, 32, 16].map((k) => (vitMacs({ tokens: k + 1, width: 192, depth: 6 }).total / 1e6).toFixed(1));
    expect(kept).toEqual(["182.3", "135.6", "90.1", "45.8"]);
  });
});

describe("merged tokens (ToMe)", () => {
  const blocks = (r: number) => {
    const { attention, projection, mlp } = configMacs(DEIT_S, undefined, r);
    return attention + projection + mlp;
  };

  it.each([
    [0, 4.541],
    [4, 3.943],
    [8, 3.358],
    [13, 2.645],
    [16, 2.233],
  ])("%i per block leave DeiT-S %d G", (r, giga) => expect((blocks(r) / 1e9).toFixed(3)).toBe(giga.toFixed(3)));

  it("are counted exactly: attention at the tokens before, the MLP at those after", () => {
    expect(blocks(0)).toBe(4_540_695_552);
    let [n, sum] = [197, 0];
    for (let l = 0; l < 12; l++) {
      const left = n - Math.min(16, Math.floor((n - 1) / 2));
      sum += 4 * n * 384 ** 2 + 2 * n ** 2 * 384 + 8 * left * 384 ** 2;
      n = left;
    }
    expect(n).toBe(11);
    expect(blocks(16)).toBe(sum);
  });

  it("come after those of a mask", () => {
    const { attention, mlp } = configMacs({ ...DEIT_S, depth: 1 }, 98, 13);
    expect([attention, mlp]).toEqual([2 * 99 ** 2 * 384, 2 * 86 * 384 * 1536]);
  });
});

it("of CaiT-S24 are the table's, talking heads and class attention included", () => {
  const s24: ViTConfig = { ...DEIT_S, family: "cait", depth: 24, classDepth: 2, heads: 8, headDim: 48 };
  const peta = (keep: number) => (configMacs(s24, keep).total * IMAGENET * 300) / 1e15;
  expect(Math.round(peta(144))).toBe(2578);
  for (const [keep, said] of [
    [196, 3591],
    [144, 2583],
    [98, 1728],
  ])
    expect(Math.abs(peta(keep) / said - 1)).toBeLessThan(0.003);
});

describe("keep counts behind the paper's training costs, in PFLOPs, to 0.3 %", () => {
  it.each<[string, ViTConfig, number, number, number]>([
    ["DeiT-B 75 %", DEIT_B, 144, 300, 4932],
    ["DeiT-B 50 %", DEIT_B, 98, 300, 3349],
    ["DeiT-B 25 %", DEIT_B, 49, 300, 1696],
    ["DeiT-S 50 %", DEIT_S, 98, 300, 866],
    ["DeiT-S 40 %", DEIT_S, 80, 300, 707],
    ["DeiT-S 25 %", DEIT_S, 49, 300, 439],
    ["ViT-L 75 %", VIT_L, 144, 300, 17_301],
    ["DeiT-S@384 100 %", { ...DEIT_S, image: 384 }, 576, 300, 5954],
    ["DeiT-S@384 75 %", { ...DEIT_S, image: 384 }, 432, 300, 4270],
    ["DeiT-S@384 50 %", { ...DEIT_S, image: 384 }, 288, 300, 2725],
    ["DeiT-S@384 34 %", { ...DEIT_S, image: 384 }, 196, 300, 1814],
    ["ViT-H/14 75 %", VIT_H, 192, 50, 7991],
    ["ViT-H/14 50 %", VIT_H, 128, 50, 5301],
    ["DINO 87 %", { ...DEIT_S, classes: 0 }, 170, 100, 507],
    ["DINO 77 %", { ...DEIT_S, classes: 0 }, 150, 100, 446],
    ["DINO 66 %", { ...DEIT_S, classes: 0 }, 130, 100, 384],
    ["DINO 61 %", { ...DEIT_S, classes: 0 }, 120, 100, 354],
  ])("%s", (_, config, keep, epochs, petaflops) => {
    const ours = (configMacs(config, keep).total * IMAGENET * epochs) / 1e15;
    expect(Math.abs(ours / petaflops - 1)).toBeLessThan(0.003);
  });

  it("tell 144 kept patches from the 147 that 75 % would be", () => {
    const ours = (configMacs(DEIT_B, 147).total * IMAGENET * 300) / 1e15;
    expect(ours).toBeCloseTo(5031, -1);
  });
});

describe("other models", () => {
  it("without an MLP, and with heads wider than the token, count what they have", () => {
    const config = { ...DEIT_S, image: 28, patch: 4, channels: 1, classes: 10, width: 64, depth: 6, heads: 4, headDim: 64, mlp: 128 };
    expect(configMacs(config)).toEqual({
      attention: 6 * 2 * 50 * 50 * 256,
      projection: 6 * 4 * 50 * 64 * 256,
      mlp: 6 * 2 * 50 * 64 * 128,
      embedding: 49 * 16 * 64,
      head: 640,
      total: 7_680_000 + 19_660_800 + 4_915_200 + 50_176 + 640,
    });
    expect(configMacs({ ...config, mlp: 0 }).mlp).toBe(0);
  });

  it("embed every patch, kept or not", () => {
    expect(configMacs(DEIT_S, 49).embedding).toBe(196 * 768 * 384);
    expect(configMacs(DEIT_S).total).toBe(configMacs(DEIT_S, 196).total);
  });
});

describe("learning", () => {
  it("costs three forward passes, less the gradient of the images", () => {
    const tiny = { ...DEIT_S, image: 8, patch: 4, channels: 1, classes: 3, width: 2, depth: 1, heads: 1, headDim: 2, mlp: 4 };
    const [attention, projection, mlp, embedding, head] = [2 * 25 * 2, 4 * 5 * 4, 2 * 5 * 8, 4 * 16 * 2, 6];
    expect(learningMacs(tiny)).toBe(3 * (attention + projection + mlp + head) + 2 * embedding);
    expect(learningMacs(tiny, 2)).toBe(3 * (2 * 9 * 2 + 4 * 3 * 4 + 2 * 3 * 8 + head) + 2 * embedding);
  });
});

describe("memory and ranking", () => {
  it("gives both rows of the paper's table 11", () => {
    expect([paperTeacherMegabytes(197), paperTeacherMegabytes(99)]).toEqual([6499, 3412]);
  });

  it("counts DeiT's published parameters and the paper's price of a ranking", () => {
    expect(vitParameters(DEIT_S)).toBe(22_050_664);
    expect(vitParameters(DEIT_B)).toBe(86_567_656);
    expect(saliencyMacs(256, 16)).toBe(4096);
  });
});

describe("other families", () => {
  it("DeiT-III and a fine-tuned MAE cost what a DeiT of their size costs", () => {
    expect(configMacs({ ...DEIT_S, family: "mae" }, 98)).toEqual(configMacs(DEIT_S, 98));
    expect(configMacs({ ...DEIT_S, family: "deit3" }, 98)).toEqual(configMacs(DEIT_S, 98));
  });

  it("a distilled DeiT has a token and a head more, and DeiT-S distilled 22,436,432 parameters", () => {
    const macs = configMacs({ ...DEIT_S, family: "deit-distilled" }, 98);
    expect(macs.total - macs.embedding - macs.head).toBe(vitMacs({ tokens: 100, width: 384, depth: 12 }).total);
    expect(macs.head).toBe(2 * 384 * 1000);
    // 22.4 M in DeiT's model zoo.
    expect(vitParameters({ ...DEIT_S, family: "deit-distilled" })).toBe(22_436_432);
  });
});
