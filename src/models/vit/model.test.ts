/**
 * The ViT on the GPU against the float64 reference: answers, block outputs, attention and gradients of odd little models of every family,
 * with and without patches left out.
 */
import { describe, expect, test } from "vitest";
import { Graph, Live, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { uniform } from "../../engine/random";
import { saliency } from "../../ops/attention";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { crossEntropy } from "../../ops/losses";
import { gradientReader } from "../gradients.fixture";
import { Params } from "../params";
import type { Weights } from "../weights";
import { imageShape, patches, type ViTConfig } from "./config";
import { leadOf } from "./families";
import { classRows, type Look, look } from "./forward.fixture";
import { type DropPath, vit } from "./model";
import { inferViT } from "./names";
import { CONFIGS, ODD, weightsOf } from "./odd.fixture";
import { vitForward64, type Weights64 } from "./reference";

const BATCH = 3;

const imagesOf = (config: ViTConfig, seed = 9) => randoms(BATCH * imageShape(config).reduce((a, b) => a * b), seed);

/** A different choice of k patches for each image, in no order. */
function choices(config: ViTConfig, k: number, seed = 4): number[][] {
  return Array.from({ length: BATCH }, (_, b) => {
    const all = Array.from({ length: patches(config) }, (_, i) => i);
    return all.sort((i, j) => uniform(seed, b, 0, i) - uniform(seed, b, 0, j)).slice(0, k);
  });
}

/** Block outputs and the class token's attention of every block. */
function inside({ blocks, attention }: ReturnType<typeof vit>): Record<string, Tensor> {
  const maps = attention.map(
    (trace, l) => [`map${l}`, trace.keys > (trace.lead ?? 1) ? saliency(trace, { perHead: true }) : undefined] as const,
  );
  return Object.fromEntries([...blocks.map((t, l) => [`block${l}`, t] as const), ...maps].filter(([, t]) => t)) as Record<string, Tensor>;
}

/** The reference, with the normalised class token as the logits of a model without head, as ours gives it. */
function reference(config: ViTConfig, weights: Weights64, images: ArrayLike<number>, keep?: number[][]) {
  if (config.classes) return vitForward64(config, weights, images, BATCH, keep);
  const { width } = config;
  const identity = Float64Array.from({ length: width * width }, (_, i) => Number(i % (width + 1) === 0));
  return vitForward64({ ...config, classes: width }, new Map([...weights, ["head.weight", { data: identity }]]), images, BATCH, keep);
}

describe.each(Object.entries(CONFIGS))("%s", (_, config) => {
  const weights = weightsOf(config);
  const images = imagesOf(config);

  test.each([undefined, 6, 1, 0])("kept patches: %s", async (k) => {
    const keep = k === undefined ? undefined : choices(config, k);
    const tokens = leadOf(config) + (k ?? patches(config));
    const found = await look(config, weights, images, { keep, extra: inside });
    const expected = reference(config, weights, images, keep);
    compare("logits", found.logits, expected.logits.flat(), 1e-5);
    for (const [l, attention] of expected.attention.entries()) {
      const each = found[`block${l}`].length / BATCH;
      const cls = expected.cls[l].flatMap((_, b) => [...found[`block${l}`].subarray(b * each, b * each + config.width)]);
      compare(`class tokens after block ${l}`, cls, expected.cls[l].flat(), 1e-5);
      if (k !== 0) compare(`attention of block ${l}`, found[`map${l}`], classRows(attention, tokens, leadOf(config)), 1e-5);
    }
  });

  test("computing every token of the last block changes no answer", async () => {
    const [some, all] = [await look(config, weights, images), await look(config, weights, images, { allTokens: true, extra: inside })];
    compare("logits", all.logits, some.logits, 1e-6);
    expect(all[`block${config.depth - 1}`]).toHaveLength(BATCH * (patches(config) + leadOf(config)) * config.width);
  });
});

describe("masking", () => {
  const weights = weightsOf(ODD);
  const images = imagesOf(ODD);
  const logits = async (keep?: number[][]) => (await look(ODD, weights, images, { keep })).logits;

  test.each(Object.entries(CONFIGS))("keeping every patch equals no mask, in whatever order: %s", async (_, config) => {
    const own = weightsOf(config);
    const found = async (keep?: number[][]) => (await look(config, own, imagesOf(config), { keep })).logits;
    for (const seed of [1, 2, 3]) compare("logits", await found(choices(config, patches(config), seed)), await found(), 1e-5);
  });

  test("the order of the kept patches is irrelevant, their choice is not", async () => {
    const keep = choices(ODD, 4);
    const answer = await logits(keep);
    compare("logits", await logits(keep.map((row) => row.toReversed())), answer, 1e-5);
    expect(() => compare("logits", answer, [...answer].fill(0), 1e-2)).toThrow(/^logits\[\d+\]: /);
    const others = await logits(choices(ODD, 4, 5));
    expect(() => compare("logits", others, answer, 1e-3)).toThrow(/^logits\[\d+\]: /);
  });

  test("with no patch every image gets the answer of the class token alone", async () => {
    const answer = await logits(choices(ODD, 0));
    expect([...answer.subarray(3, 6), ...answer.subarray(6)]).toEqual([...answer.subarray(0, 3), ...answer.subarray(0, 3)]);
  });
});

describe("stochastic depth", () => {
  const config = { ...ODD, depth: 3 };
  const weights = weightsOf(config);
  const images = imagesOf(config);

  test.each([0, 0.4, 0.9])("at a rate of %d scales or leaves out the branches drawn for", async (rate) => {
    const dropPath = { rate: new Live(rate), seed: 5, step: 2 };
    const found = await look(config, weights, images, { dropPath, extra: inside });
    const expected = vitForward64(config, weights, images, BATCH, undefined, gainOf(rate, config.depth));
    compare("logits", found.logits, expected.logits.flat(), 1e-5);
    for (const [l, attention] of expected.attention.entries())
      compare(`attention of block ${l}`, found[`map${l}`], classRows(attention, 10), 1e-5);
  });

  test("is off when absent: the same launches as ever, none of its own; the first block never drops", async () => {
    const graph = new Graph(await testEngine());
    const launched = (of: ViTConfig, dropPath?: DropPath) => {
      const before = graph.launches.length;
      vit(new Params(graph.engine, weightsOf(of)).on(graph, false), of, graph.temp([BATCH, 2, 9, 9]), { dropPath });
      return graph.launches.slice(before).map(({ shader }) => `${shader.file} ${shader.entry}`);
    };
    const [off, on] = [launched(config), launched(config, { rate: 0.1, seed: 1, step: 1 })];
    const ofIts = (name: string) => /droppath|random/.test(name);
    expect(off.some(ofIts)).toBe(false);
    expect(on.filter((name) => !ofIts(name))).toEqual(off);
    expect(on.filter((name) => name.includes("droppath"))).toHaveLength(2 * (config.depth - 1));
    const one = { ...config, depth: 1 };
    expect(launched(one, { rate: 0.1, seed: 1, step: 1 })).toEqual(launched(one));
  });
});

/** What the branches are multiplied with at `rate`, for seed 5 and step 2. */
function gainOf(rate: number, depth: number) {
  return (image: number, block: number, branch: 0 | 1) => {
    const own = (rate * block) / (depth - 1);
    return uniform(5, 0x220, 2, (2 * block + branch) * BATCH + image) >= own ? 1 / (1 - own) : 0;
  };
}

describe("gradient of the cross entropy for every parameter, against differences in float64", () => {
  const labels = [2, 0, 1];

  test.each<[string, ViTConfig, Look]>([
    ["whole image", ODD, {}],
    ["all tokens of the last block", ODD, { allTokens: true }],
    ["four patches", ODD, { keep: choices(ODD, 4) }],
    ["aligned to four", CONFIGS["aligned to four"], {}],
    ["distilled DeiT", CONFIGS["distilled DeiT"], { keep: choices(ODD, 4) }],
    ["distilled DeiT, whole image", CONFIGS["distilled DeiT"], {}],
    ["fine-tuned MAE", CONFIGS["fine-tuned MAE"], { keep: choices(ODD, 4) }],
    ["fine-tuned MAE, whole image", CONFIGS["fine-tuned MAE"], {}],
    ["CLIP", CONFIGS.CLIP, { keep: choices(ODD, 4) }],
    ["DeiT-III", CONFIGS["DeiT-III"], { keep: choices(ODD, 4) }],
    ["DeiT-III, stochastic depth", { ...ODD, family: "deit3", depth: 3 }, { dropPath: { rate: 0.6, seed: 5, step: 2 } }],
    ["AST", CONFIGS.AST, { keep: choices(ODD, 4) }],
    ["AST, oblong, overlapping patches", CONFIGS["an oblong image, overlapping patches, pixels left over"], {}],
    ["attention only", CONFIGS["attention only, no qkv bias, heads wider than the token"], {}],
    ["stochastic depth", { ...ODD, depth: 3 }, { dropPath: { rate: 0.6, seed: 5, step: 2 } }],
  ])("%s", async (_, config, options) => {
    const { keep, dropPath } = options;
    const gain = dropPath && gainOf(Number(dropPath.rate), config.depth);
    const weights = weightsOf(config);
    const images = imagesOf(config);
    const found = await gradientsOf(config, weights, images, labels, options);
    const loss = (name: string, i: number, value: number) => {
      const changed: Weights64 = new Map<string, { data: ArrayLike<number> }>(weights).set(name, {
        data: Float64Array.from(weights.get(name)?.data ?? []).with(i, value),
      });
      return crossEntropy64(vitForward64(config, changed, images, BATCH, keep, gain).logits, labels);
    };
    for (const [name, { data }] of weights) {
      const at = [...new Set([0, 1, 2, 3].map((i) => Math.floor((i * (data.length - 1)) / 3)))];
      const expected = at.map((i) => slope((v) => loss(name, i, v), data[i]));
      const gradient = found.get(name) as Float64Array;
      const scale = Math.max(1e-3, ...Array.from(gradient, Math.abs));
      compare(
        `${name} at ${at}`,
        at.map((i) => gradient[i] / scale),
        expected.map((v) => v / scale),
        1e-4,
      );
    }
  });
});

/** Central difference of `f` at x. */
function slope(f: (x: number) => number, x: number): number {
  const h = 1e-5;
  return (f(x + h) - f(x - h)) / (2 * h);
}

function crossEntropy64(logits: number[][], labels: number[]): number {
  return logits.reduce((sum, row, b) => sum + Math.log(row.reduce((s, z) => s + Math.exp(z - row[labels[b]]), 0)) / logits.length, 0);
}

async function gradientsOf(
  config: ViTConfig,
  weights: Weights,
  images: ArrayLike<number>,
  labels: number[],
  { keep, allTokens, dropPath }: Look,
) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, weights);
  const pixels = graph.fixed(upload(engine, images, "f32"), [BATCH, ...imageShape(config)]);
  const kept = keep && graph.fixed(upload(engine, keep.flat(), "u32"), [BATCH, keep[0].length], "u32");
  const { logits } = vit(params.on(graph, true), config, pixels, { kept, allTokens, dropPath });
  const loss = crossEntropy(logits, { labels: graph.fixed(upload(engine, labels, "u32"), [BATCH], "u32") });
  const reader = gradientReader(
    params,
    graph.gradients((g) => loss.seed(1, g)),
  );
  return reader.read(await (await Program.compile(graph, reader.outputs)).fetch());
}

describe("what does not fit is named, with a remedy", () => {
  const spoiled = (change: (weights: Weights) => void) => {
    const weights = weightsOf(ODD);
    change(weights);
    return weights;
  };

  test.each<[string, (w: Weights) => void, RegExp]>([
    [
      "a wrong shape",
      (w) => w.set("head.bias", { shape: [4], data: new Float32Array(4) }),
      /x\.st: tensor "head\.bias" has the shape \[4\], but the nearest family \(ViT or DeiT\) needs \[3\]\. Use a checkpoint of the same size/,
    ],
    [
      "a wrong name",
      (w) => w.set("blocks.0.mlp.fc3.bias", { shape: [1], data: new Float32Array(1) }),
      /"blocks\.0\.mlp\.fc3\.bias"\. Use a ViT or DeiT/,
    ],
    [
      "a missing weight",
      (w) => w.delete("norm.bias"),
      /"norm\.bias" of shape \[10\] is missing for the nearest family \(ViT or DeiT\)\. Use a complete/,
    ],
    [
      "NaN",
      (w) => w.get("blocks.1.norm1.weight")?.data.fill(Number.NaN, 3, 4),
      /"blocks\.1\.norm1\.weight" is NaN at position 3\. Its training diverged/,
    ],
  ])("by inferViT: %s", (_, change, message) => {
    expect(() => inferViT(spoiled(change), 2, "x.st")).toThrow(message);
  });

  test("by Params: values that do not fill their shape, or are not finite", async () => {
    const engine = await testEngine();
    const bytes = engine.allocatedBytes;
    const short = spoiled((w) => w.set("cls_token", { shape: [1, 1, 10], data: new Float32Array(9) }));
    expect(() => new Params(engine, short)).toThrow('tensor "cls_token" holds 9 values for [1,1,10]. Load or export it again.');
    const infinite = spoiled((w) => w.get("head.bias")?.data.fill(Number.POSITIVE_INFINITY, 2));
    expect(() => new Params(engine, infinite)).toThrow('tensor "head.bias" is Infinity at position 2. Its training diverged');
    expect(engine.allocatedBytes).toBe(bytes);
  });

  test("by write, before anything changes", async () => {
    const params = new Params(await testEngine(), weightsOf(ODD));
    const before = await params.read();
    const turned = spoiled((w) => w.set("head.weight", { shape: [10, 3], data: new Float32Array(30) }));
    expect(() => params.write(turned)).toThrow('tensor "head.weight" has the shape [10,3], but this model needs [3,10]. Use a checkpoint');
    const extra = spoiled((w) => w.set("dist_token", { shape: [1], data: new Float32Array(1) }));
    expect(() => params.write(extra)).toThrow('the model has no "dist_token". Give the weights of the same model.');
    expect(() => params.write(spoiled((w) => w.delete("norm.weight")))).toThrow('tensor "norm.weight" of shape [10] is missing.');
    expect(await params.read()).toEqual(before);
  });

  test("by vit: parameters of another model, images of another size", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const bound = new Params(engine, weightsOf(ODD)).on(graph, false);
    const images = graph.temp([BATCH, 2, 9, 9]);
    const deeper = { ...ODD, depth: 3 };
    expect(() => vit(bound, deeper, images)).toThrow('model: tensor "blocks.2.norm1.weight" of shape [10] is missing. Use a complete');
    expect(() => vit(bound, { ...ODD, mlp: 15 }, images)).toThrow(
      '"blocks.0.mlp.fc1.weight" has the shape [14,10], but this model needs [15,10]',
    );
    expect(() => vit(bound, ODD, graph.temp([BATCH, 2, 8, 8]))).toThrow("images are [3,2,8,8], not [3,2,9,9]");
    expect(() => vit(bound, ODD, images, { kept: graph.temp([2, 4], "u32") })).toThrow("kept patches are u32 [2,4], not u32 [3,k]");
  });
});
