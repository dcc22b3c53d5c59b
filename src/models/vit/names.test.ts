import { describe, expect, it } from "vitest";
import { readSafetensors } from "../safetensors";
import { hasShared, sharedBytes, sharedJson } from "../shared.fixture";
import { type Weight, type Weights, WeightsError } from "../weights";
import { initViT, type ViTConfig } from "./config";
import { detectLayout, inferViT, LAYOUT_EPS, type Source, toTimm } from "./names";
import { DEIT_S } from "./vit.fixture";

const CONFIG: ViTConfig = { ...DEIT_S, image: 12, patch: 4, classes: 5, width: 8, depth: 2, heads: 2, headDim: 4, mlp: 16 };
const WEIGHTS = initViT(CONFIG, 11);
// Biases that are all zero could be mixed up unnoticed.
for (const [name, { data }] of WEIGHTS) data.set(data.map((v, i) => v + name.length * 0.01 + i * 1e-4));

const HF_PARTS: [RegExp, string][] = [
  [/^cls_token$/, "vit.embeddings.cls_token"],
  [/^pos_embed$/, "vit.embeddings.position_embeddings"],
  [/^patch_embed\.proj/, "vit.embeddings.patch_embeddings.projection"],
  [/^blocks\.(\d+)\.norm1/, "vit.encoder.layer.$1.layernorm_before"],
  [/^blocks\.(\d+)\.norm2/, "vit.encoder.layer.$1.layernorm_after"],
  [/^blocks\.(\d+)\.attn\.proj/, "vit.encoder.layer.$1.attention.output.dense"],
  [/^blocks\.(\d+)\.mlp\.fc1/, "vit.encoder.layer.$1.intermediate.dense"],
  [/^blocks\.(\d+)\.mlp\.fc2/, "vit.encoder.layer.$1.output.dense"],
  [/^norm/, "vit.layernorm"],
  [/^head_dist/, "distillation_classifier"],
  [/^dist_token$/, "vit.embeddings.distillation_token"],
  [/^head/, "classifier"],
];

/** The same weights as Hugging Face would save them. */
function asHuggingFace(weights: Weights): Weights {
  return new Map(
    [...weights].flatMap(([name, weight]): [string, Weight][] => (name.includes(".qkv.") ? split(name, weight) : [[hfName(name), weight]])),
  );
}

function hfName(name: string): string {
  const rule = HF_PARTS.find(([from]) => from.test(name)) as [RegExp, string];
  return name.replace(...rule);
}

function split(name: string, { shape: [rows, ...rest], data }: Weight): [string, Weight][] {
  const [, layer, kind] = /^blocks\.(\d+)\.attn\.qkv\.(.*)$/.exec(name) as unknown as string[];
  return ["query", "key", "value"].map((part, i) => [
    `vit.encoder.layer.${layer}.attention.attention.${part}.${kind}`,
    { shape: [rows / 3, ...rest], data: data.slice((i * data.length) / 3, ((i + 1) * data.length) / 3) },
  ]);
}

function renamed(weights: Weights, change: (name: string) => string): Weights {
  return new Map([...weights].map(([name, weight]) => [change(name), weight]));
}

function expectSame(actual: Weights, expected: Weights): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, weight] of expected) expect(actual.get(name), name).toEqual(weight);
}

describe("layouts become timm's", () => {
  it.each(["", "model.", "module.", "module.model.", "_orig_mod.", "backbone.", "module.student.", "encoder.", "my.own.wrapper."])(
    "timm with prefix '%s'",
    (prefix) => {
      expectSame(toTimm(renamed(WEIGHTS, (name) => prefix + name)), WEIGHTS);
      // A head is often added outside of what is wrapped.
      expectSame(toTimm(renamed(WEIGHTS, (name) => (name.startsWith("head") ? name : prefix + name))), WEIGHTS);
    },
  );

  it("takes a head beside the backbone of a wrapped model", () => {
    expectSame(toTimm(renamed(WEIGHTS, (name) => `model.${name.startsWith("head") ? name : `backbone.${name}`}`)), WEIGHTS);
  });

  it("takes weights averaged by PyTorch, whose counter is no part of the network", () => {
    const saved = new Map<string, { shape: number[]; data: Float32Array | BigInt64Array }>(renamed(WEIGHTS, (name) => `module.${name}`));
    saved.set("n_averaged", { shape: [], data: BigInt64Array.of(7n) });
    expectSame(toTimm(saved), WEIGHTS);
  });

  it.each(["vit.", "deit.", "", "module.vit.", "_orig_mod.vit.", "encoder."])("Hugging Face with prefix '%s'", (prefix) => {
    const saved = renamed(asHuggingFace(WEIGHTS), (name) => name.replace(/^vit\./, prefix));
    expect(saved.size).toBe(WEIGHTS.size + 8);
    expect(detectLayout(saved)).toBe("huggingface");
    expectSame(toTimm(saved), WEIGHTS);
  });

  it("leaves out the pooler, mask token and position ids of Hugging Face", () => {
    const saved = new Map<string, { shape: number[]; data: Float32Array | BigInt64Array }>(asHuggingFace(WEIGHTS));
    saved.set("vit.pooler.dense.weight", { shape: [8, 8], data: new Float32Array(64) });
    saved.set("vit.embeddings.mask_token", { shape: [1, 1, 8], data: new Float32Array(8) });
    saved.set("vit.embeddings.position_ids", { shape: [1, 10], data: new BigInt64Array(10) });
    expectSame(toTimm(saved), WEIGHTS);
  });

  it("leaves out the decoder of a masked autoencoder", () => {
    const saved = new Map([...WEIGHTS, ["mask_token", WEIGHTS.get("cls_token")!], ["decoder_embed.bias", WEIGHTS.get("norm.bias")!]]);
    expectSame(toTimm(saved), WEIGHTS);
  });

  it("takes Hugging Face weights without qkv bias", () => {
    const saved = new Map([...asHuggingFace(WEIGHTS)].filter(([name]) => !/(query|key|value)\.bias/.test(name)));
    expect(inferViT(toTimm(saved), 2).qkvBias).toBe(false);
  });

  it("reorders a lucidrains patch embedding (row, column, channel) into [D, C, P, P]", () => {
    const data = Float32Array.from({ length: 2 * 12 }, (_, i) => i);
    const tensors: Source = new Map([["to_patch_embedding.1.weight", { shape: [2, 12], data }]]);
    const { shape, data: kernel } = toTimm(tensors).get("patch_embed.proj.weight") as Weight;
    expect(shape).toEqual([2, 3, 2, 2]);
    // Channel 0 of output 0 holds the inputs 0, 3, 6, 9; channel 2 of output 1 the inputs 12 + (2, 5, 8, 11).
    expect([...kernel.subarray(0, 4)]).toEqual([0, 3, 6, 9]);
    expect([...kernel.subarray(20)]).toEqual([14, 17, 20, 23]);
  });
});

/** Fresh weights of that family whose tensors all differ. */
function of(family: "deit-distilled" | "deit3" | "clip"): Weights {
  const weights = initViT({ ...CONFIG, family }, 12);
  for (const [name, { data }] of weights) data.set(data.map((v, i) => v + name.length * 0.01 + i * 1e-4));
  return weights;
}

describe("families under other people's names", () => {
  it("the distilled DeiT of Hugging Face", () => {
    const weights = of("deit-distilled");
    const saved = renamed(asHuggingFace(weights), (name) => name.replace(/^vit\./, "deit.").replace(/^classifier/, "cls_classifier"));
    expect(saved.has("cls_classifier.weight") && saved.has("deit.embeddings.distillation_token")).toBe(true);
    expectSame(toTimm(saved), weights);
    expect(inferViT(toTimm(saved), 2)).toEqual({ ...CONFIG, family: "deit-distilled" });
  });

  it("DeiT-III as its own code names layer scale, behind a wrapper", () => {
    const weights = of("deit3");
    const saved = renamed(weights, (name) => `module.${name.replace(/ls([12])\.gamma$/, "gamma_$1")}`);
    expect(saved.has("module.blocks.1.gamma_2")).toBe(true);
    expectSame(toTimm(saved), weights);
    expect(inferViT(toTimm(saved), 2)).toEqual({ ...CONFIG, family: "deit3" });
  });

  it("AST of Hugging Face and of its own code, which keeps two heads that it does not use", () => {
    const cut = { image: 128, columns: 36, stride: 10 };
    const config: ViTConfig = { ...CONFIG, ...cut, patch: 16, channels: 1, family: "ast" };
    const weights = initViT(config, 12);
    const hugging = renamed(asHuggingFace(weights), (name) =>
      name.replace(/^classifier_norm/, "classifier.layernorm").replace(/^classifier\.(?=weight|bias)/, "classifier.dense."),
    );
    expect(hugging.has("classifier.layernorm.weight") && hugging.has("classifier.dense.bias")).toBe(true);
    expectSame(toTimm(hugging), weights);
    const own = renamed(weights, (name) => {
      if (name.startsWith("head_norm")) return name.replace("head_norm", "module.mlp_head.0");
      return name.startsWith("head") ? name.replace("head", "module.mlp_head.1") : `module.v.${name}`;
    });
    for (const head of ["head", "head_dist"]) own.set(`module.v.${head}.weight`, { shape: [1000, 8], data: new Float32Array(8000) });
    expectSame(toTimm(own), weights);
    // 12 rows of 3 patches: with 128 bands and steps of 10 these are 36 frames at least.
    expect(inferViT(toTimm(own), 2)).toEqual(config);
    expect(inferViT(toTimm(own), 2, "a", { cut: { ...cut, columns: 40 } })).toMatchObject({ columns: 40 });
  });

  it("a distilled DeiT that lacks its second head is refused by the tensor's name", () => {
    const weights = of("deit-distilled");
    weights.delete("head_dist.bias");
    expect(() => inferViT(weights, 2, "a.st")).toThrow(/a\.st: tensor "head_dist\.bias" of shape \[5\] is missing/);
  });
});

const CLIP_PARTS: [RegExp, string][] = [
  [/^cls_token$/, "vision_model.embeddings.class_embedding"],
  [/^pos_embed$/, "vision_model.embeddings.position_embedding.weight"],
  [/^patch_embed\.proj/, "vision_model.embeddings.patch_embedding"],
  [/^norm_pre/, "vision_model.pre_layrnorm"],
  [/^norm/, "vision_model.post_layernorm"],
  [/^head/, "visual_projection"],
  [/^vit\.encoder\.layer\.(\d+)\.attention\.attention\.(.).*\.(weight|bias)$/, "vision_model.encoder.layers.$1.self_attn.$2_proj.$3"],
  [/^blocks\.(\d+)\.attn\.proj/, "vision_model.encoder.layers.$1.self_attn.out_proj"],
  [/^blocks\.(\d+)\.norm(.)/, "vision_model.encoder.layers.$1.layer_norm$2"],
  [/^blocks\.(\d+)\.mlp/, "vision_model.encoder.layers.$1.mlp"],
];

describe("CLIP of OpenAI", () => {
  const weights = of("clip");
  const saved: Source & Map<string, Weight> = new Map();
  for (const layer of ["patch_embed.proj", "head"]) weights.get(`${layer}.bias`)!.data.fill(0);
  const PARTS: [RegExp, string][] = [
    [/^cls_token$/, "class_embedding"],
    [/^pos_embed$/, "positional_embedding"],
    [/^patch_embed\.proj\.weight$/, "conv1.weight"],
    [/^norm_pre\./, "ln_pre."],
    [/^norm\./, "ln_post."],
    [/^blocks\.(\d+)\.norm([12])\./, "transformer.resblocks.$1.ln_$2."],
    [/^blocks\.(\d+)\.attn\.qkv\./, "transformer.resblocks.$1.attn.in_proj_"],
    [/^blocks\.(\d+)\.attn\.proj\./, "transformer.resblocks.$1.attn.out_proj."],
    [/^blocks\.(\d+)\.mlp\.fc1\./, "transformer.resblocks.$1.mlp.c_fc."],
    [/^blocks\.(\d+)\.mlp\.fc2\./, "transformer.resblocks.$1.mlp.c_proj."],
  ];
  for (const [name, { shape, data }] of weights) {
    if (name === "patch_embed.proj.bias" || name === "head.bias") continue;
    if (name === "head.weight") {
      const [rows, cols] = shape;
      saved.set("visual.proj", { shape: [cols, rows], data: data.map((_, i) => data[(i % rows) * cols + Math.floor(i / rows)]) });
      continue;
    }
    const [from, to] = PARTS.find(([mark]) => mark.test(name))!;
    saved.set(`visual.${name.replace(from, to)}`, { shape: /token|pos_embed/.test(name) ? shape.filter((n) => n > 1) : shape, data });
  }
  for (const name of ["positional_embedding", "transformer.resblocks.0.ln_1.weight", "token_embedding.weight", "logit_scale"])
    saved.set(name, { shape: [8], data: new Float32Array(8) });

  it.each(["", "module.", "model."])("becomes timm's behind '%s', its projection turned and the text tower left out", (prefix) => {
    const wrapped = new Map([...saved].map(([name, weight]) => [prefix + name, weight]));
    expect(detectLayout(wrapped)).toBe("openai");
    expectSame(toTimm(wrapped), weights);
  });

  it("is a residual network where it is one, and refused", () => {
    const resnet = new Map(
      [
        ["visual.conv1.weight", new Float32Array(1)],
        ["visual.layer1.0.conv1.weight", new Float32Array(1)],
      ].map(([name, data]) => [name as string, { shape: [1], data: data as Float32Array }]),
    );
    expect(() => toTimm(resnet)).toThrow(/not the names of a ViT/);
  });
});

describe("CLIP of Hugging Face", () => {
  const weights = of("clip");
  for (const layer of ["patch_embed.proj", "head"]) weights.get(`${layer}.bias`)?.data.fill(0);
  const parts = [...weights].flatMap(([name, weight]) =>
    name.includes(".qkv.") ? split(name, weight) : [[name, weight] as [string, Weight]],
  );
  const saved: Weights = new Map(
    parts.flatMap(([name, weight]) => {
      const rule = CLIP_PARTS.find(([from]) => from.test(name)) as [RegExp, string];
      if (/^(patch_embed\.proj|head)\.bias/.test(name)) return [];
      const flat = { cls_token: 2, pos_embed: 1 }[name] ?? 0;
      return [[name.replace(...rule), { shape: weight.shape.slice(flat), data: weight.data }] as [string, Weight]];
    }),
  );

  it("becomes timm's, with zeros where it has no bias; the text tower is left out", () => {
    saved.set("text_model.encoder.layers.0.layer_norm1.bias", { shape: [8], data: new Float32Array(8) });
    saved.set("logit_scale", { shape: [], data: new Float32Array(1) });
    expect(saved.has("vision_model.encoder.layers.1.self_attn.k_proj.bias")).toBe(true);
    expect(detectLayout(saved)).toBe("clip");
    expectSame(toTimm(saved), weights);
    expect(inferViT(toTimm(saved), 2)).toEqual({ ...CONFIG, family: "clip" });
  });
});

describe("a file between two families", () => {
  it("is refused by the tensor that the nearest family has no place for", () => {
    const weights = initViT({ ...CONFIG, family: "mae" }, 1).set("norm.weight", { shape: [8], data: new Float32Array(8) });
    expect(() => inferViT(toTimm(weights), 2, "a.st")).toThrow(/"norm\.weight"\. Use a fine-tuned MAE checkpoint/);
  });
});

describe("refused checkpoints", () => {
  const plus = (name: string, data: ArrayLike<number | bigint> = new Float32Array(1), base: Weights = WEIGHTS): Source =>
    new Map<string, { shape: number[]; data: ArrayLike<number | bigint> }>([...base, [name, { shape: [1], data }]]);
  const without = (name: string, base: Weights) => new Map([...base].filter(([n]) => n !== name));

  it.each<[string, Source, RegExp]>([
    ["query norm", plus("blocks.0.attn.q_norm.weight"), /normalised queries/],
    ["relative positions", plus("blocks.0.attn.relative_position_bias_table"), /relative positions/],
    [
      "an unknown tensor",
      plus("blocks.0.mlp.fc3.weight"),
      /1 tensors are not part of a ViT or DeiT, the nearest family: "blocks\.0\.mlp\.fc3\.weight"/,
    ],
    ["a ResNet", new Map([["layer1.0.conv1.weight", WEIGHTS.get("cls_token") as Weight]]), /not the names of a ViT: "layer1/],
    ["nothing", new Map(), /not the names of a ViT: the file is empty/],
    [
      "two networks",
      new Map([...renamed(WEIGHTS, (name) => `student.${name}`), ...renamed(WEIGHTS, (name) => `teacher.${name}`)]),
      /"teacher\.cls_token" and another tensor both mean "cls_token"/,
    ],
    ["integers as weights", plus("head.bias", new Int32Array(1), without("head.bias", WEIGHTS)), /"head\.bias" does not hold floating/],
    [
      "a lost key",
      without("vit.encoder.layer.1.attention.attention.key.weight", asHuggingFace(WEIGHTS)),
      /"blocks\.1\.attn\.key\.weight" is missing or differs/,
    ],
    [
      "an oblong patch",
      new Map([["to_patch_embedding.1.weight", { shape: [1, 24], data: new Float32Array(24) }]]),
      /patch embedding \[1,24\] is not a linear layer over square patches/,
    ],
  ])("%s", (_, tensors, message) => {
    const load = () => toTimm(tensors, "a.safetensors");
    expect(load).toThrow(WeightsError);
    expect(load).toThrow(message);
    expect(load).toThrow(/^a\.safetensors: .*(Use|Save) /s);
  });
});

describe("inferring the configuration", () => {
  it.each<[string, Partial<ViTConfig>]>([
    ["a full model", {}],
    ["no head", { classes: 0 }],
    ["attention only", { mlp: 0 }],
    ["no biases", { qkvBias: false, projBias: false }],
    ["heads wider than the token", { headDim: 16 }],
    ["gray", { channels: 1, image: 8 }],
    ["relu and another eps", { activation: "relu", eps: 1e-12 }],
  ])("%s", (_, change) => {
    const config = { ...CONFIG, ...change };
    expect(inferViT(initViT(config, 0), config.heads, "x", change)).toEqual(config);
  });

  it.each<[string, (w: Weights) => void, number, RegExp]>([
    ["heads that do not divide", () => {}, 3, /3 heads do not divide an attention width of 8/],
    ["no heads", () => {}, 0, /0 heads do not divide/],
    ["no patch embedding", (w) => w.delete("patch_embed.proj.weight"), 2, /"patch_embed\.proj\.weight" is missing/],
    [
      "a flat patch embedding",
      (w) => w.set("patch_embed.proj.weight", { shape: [8, 48], data: new Float32Array(384) }),
      2,
      /\[8,48\] instead of 4/,
    ],
    [
      "positions without CLS",
      (w) => w.set("pos_embed", { shape: [1, 9, 8], data: new Float32Array(72) }),
      2,
      /9 position embeddings are not/,
    ],
    [
      "a missing block",
      (w) => {
        for (const name of w.keys()) if (name.startsWith("blocks.0")) w.delete(name);
      },
      2,
      /"blocks\.0\.attn\.qkv\.weight" is missing/,
    ],
    ["a lost bias", (w) => w.delete("blocks.1.attn.qkv.bias"), 2, /"blocks\.1\.attn\.qkv\.bias" of shape \[24\] is missing/],
    [
      "blocks of two kinds",
      (w) => w.delete("blocks.0.attn.qkv.bias"),
      2,
      /1 tensors have no place in the nearest family \(ViT or DeiT\): "blocks\.1\.attn\.qkv\.bias"/,
    ],
  ])("refuses %s", (_, change, heads, message) => {
    const weights = initViT(CONFIG, 0);
    change(weights);
    expect(() => inferViT(weights, heads, "a.safetensors")).toThrow(WeightsError);
    expect(() => inferViT(weights, heads, "a.safetensors")).toThrow(message);
  });
});

interface SharedConfig {
  image_size: number;
  channels: number;
  patch_size: number;
  dim: number;
  depth: number;
  heads: number;
  dim_head: number;
  mlp_dim: number | null;
  qkv_bias: boolean;
  layer_norm_eps: number;
  num_classes: number;
}

describe.skipIf(!hasShared)("trained checkpoints of the lucidrains layout", () => {
  it.each(["vit_371", "vit_mnist_gpu"])("%s gives the configuration written next to it", (model) => {
    const tensors = readSafetensors(sharedBytes(`vit-mnist/${model}/model.safetensors`), model);
    const told = sharedJson<SharedConfig>(`vit-mnist/${model}/config.json`);
    const layout = detectLayout(tensors);
    expect(layout).toBe("lucidrains");
    expect(inferViT(toTimm(tensors, model), told.heads, model, { activation: "relu", eps: LAYOUT_EPS[layout] })).toEqual({
      image: told.image_size,
      patch: told.patch_size,
      channels: told.channels,
      classes: told.num_classes,
      width: told.dim,
      depth: told.depth,
      heads: told.heads,
      headDim: told.dim_head,
      mlp: told.mlp_dim ?? 0,
      activation: "relu",
      qkvBias: told.qkv_bias,
      projBias: true,
      eps: told.layer_norm_eps,
    });
  });
});
