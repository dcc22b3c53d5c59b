/** Names, shapes and fresh weights of Segmenters, and the configurations that are refused. */
import { describe, expect, test } from "vitest";
import { DEIT_S } from "../vit/vit.fixture";
import { checkSegmenter, checkSegmenterWeights, initSegmenter, type SegmenterConfig, segmenterShapes, smallSegmenter } from "./config";
import { ODD } from "./segmenter.fixture";

/** Seg-S/16 of the paper for ADE20K: DeiT-S at 512 pixels. */
const SEG_S: SegmenterConfig = { encoder: { ...DEIT_S, image: 512, classes: 0 }, classes: 150, decoder: { kind: "linear" } };
const SEG_S_MASK: SegmenterConfig = { ...SEG_S, decoder: { kind: "mask", width: 384, depth: 2, heads: 6, mlp: 1536 } };
const count = (config: SegmenterConfig) =>
  [...segmenterShapes(config).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);

test("the mask transformer adds its projections, two blocks and 150 class tokens to Seg-S", () => {
  const [d, k] = [384, 150];
  const block = 12 * d * d + 13 * d;
  expect(count(SEG_S) - (d * k + k)).toBe(12 * block + 2 * d + d + (32 * 32 + 1) * d + 3 * 256 * d + d);
  expect(count(SEG_S_MASK) - count(SEG_S)).toBe(2 * block + (d * d + d) + k * d + 2 * d * d + 2 * d + 2 * k - (d * k + k));
});

test("names are those of the original code", () => {
  const names = [...segmenterShapes(ODD).keys()];
  expect(names.slice(0, 4)).toEqual([
    "encoder.cls_token",
    "encoder.pos_embed",
    "encoder.patch_embed.proj.weight",
    "encoder.patch_embed.proj.bias",
  ]);
  expect(names.filter((name) => /^decoder\.(?!blocks)/.test(name))).toEqual(
    ["proj_dec.weight", "proj_dec.bias", "cls_emb", "decoder_norm.weight", "decoder_norm.bias"]
      .concat(["proj_patch", "proj_classes", "mask_norm.weight", "mask_norm.bias"])
      .map((name) => `decoder.${name}`),
  );
  expect(names).toContain("decoder.blocks.1.attn.qkv.weight");
  const linear = [...segmenterShapes({ ...ODD, decoder: { kind: "linear" } }).keys()];
  expect(linear.filter((name) => name.startsWith("decoder"))).toEqual(["decoder.head.weight", "decoder.head.bias"]);
});

test("fresh weights: norms 1, biases 0, projections before the likeness of deviation d^-1/2, matrices of fan-in^-1/2, tokens of 0.02", () => {
  const config = smallSegmenter("mask", "student", 8);
  const weights = initSegmenter(config, 3);
  checkSegmenterWeights(config, weights);
  const deviation = (name: string) =>
    Math.sqrt(weights.get(name)!.data.reduce((sum, v) => sum + v * v, 0) / weights.get(name)!.data.length);
  for (const name of ["decoder.decoder_norm.weight", "decoder.mask_norm.weight", "encoder.norm.weight"])
    expect([...weights.get(name)!.data].every((v) => v === 1)).toBe(true);
  expect([...weights.get("decoder.mask_norm.bias")!.data].every((v) => v === 0)).toBe(true);
  for (const name of ["decoder.proj_patch", "decoder.proj_classes"]) expect(deviation(name) * Math.sqrt(48)).toBeCloseTo(1, 1);
  for (const name of ["decoder.proj_dec.weight", "encoder.blocks.3.mlp.fc1.weight"])
    expect(deviation(name) * Math.sqrt(48)).toBeCloseTo(1, 1);
  expect(deviation("decoder.cls_emb")).toBeCloseTo(0.0176, 2);
  expect(initSegmenter(config, 3)).toEqual(weights);
  expect(initSegmenter(config, 4)).not.toEqual(weights);
});

describe("what cannot be is refused by name", () => {
  const change = (part: Partial<SegmenterConfig>) => ({ ...ODD, ...part });
  const encoder = (part: object) => change({ encoder: { ...ODD.encoder, ...part } });
  const decoder = (part: object) => change({ decoder: { ...ODD.decoder, ...part } as SegmenterConfig["decoder"] });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "a.st: the encoder or the decoder is not described"],
    ["no decoder", change({ decoder: null as unknown as SegmenterConfig["decoder"] }), "is not described"],
    ["one class", change({ classes: 1 }), "a.st: classes is 1. It has to be a whole number from 2 to 255."],
    ["classes beyond a byte", change({ classes: 256 }), "classes is 256"],
    ["classes as text", change({ classes: "7" as unknown as number }), 'classes is "7"'],
    ["an encoder with a head", encoder({ classes: 5 }), "encoder classes is 5. It has to be 0."],
    ["a depth beyond reason", encoder({ depth: 1e9 }), "encoder depth is 1000000000"],
    ["half a head", encoder({ heads: 1.5 }), "encoder heads is 1.5"],
    ["no width", encoder({ width: undefined }), "encoder width is undefined"],
    ["patches that do not tile", encoder({ patch: 4 }), "a.st: encoder: patches of 4 do not tile an image of 9"],
    ["an unknown activation", encoder({ activation: "swish" }), 'encoder activation is "swish"'],
    ["a bias that is a number", encoder({ qkvBias: 1 }), "encoder qkvBias is 1"],
    ["eps as text", encoder({ eps: "1e-6" }), 'encoder eps is "1e-6"'],
    ["a negative eps", encoder({ eps: -1 }), "eps is -1"],
    ["an unknown decoder", decoder({ kind: "upernet" }), 'decoder kind is "upernet". It has to be one of linear, mask.'],
    ["no blocks in the mask decoder", decoder({ depth: 0 }), "decoder depth is 0"],
    ["heads that do not divide", decoder({ heads: 4 }), "4 decoder heads do not divide a width of 6"],
  ])("%s", (_, config, message) => {
    expect(() => checkSegmenter(config as SegmenterConfig, "a.st")).toThrow(message);
  });
});
