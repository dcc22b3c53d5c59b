/** The YOLOS on the GPU against the float64 reference: answers, gradients of DETR's losses, a masked teacher and its attention; its files and configurations. */
import { describe, expect, test } from "vitest";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { setLosses } from "../../ops/setPrediction";
import { losses64 } from "../../ops/setPrediction.reference";
import { gradientReader } from "../gradients.fixture";
import { Params } from "../params";
import { readSafetensors, writeSafetensors } from "../safetensors";
import type { Weights64 } from "../vit/reference";
import { checkYolos, checkYolosWeights, initYolos, type YolosConfig, yolosShapes } from "./config";
import { detectionsOf } from "./decode";
import { fromOriginal, toOriginal } from "./names";
import { yolos, yolosTokens } from "./yolos";
import { ODD, weightsOf } from "./yolos.fixture";
import { yolos64 } from "./yolos.reference";

const BATCH = 2;
const ALIGNED: YolosConfig = {
  ...ODD,
  encoder: { ...ODD.encoder, width: 8, headDim: 4, mlp: 16, activation: "relu" },
  tokens: 4,
  classes: 3,
};
const imagesOf = ({ encoder: { channels, image } }: YolosConfig) => randoms(BATCH * channels * image ** 2, 9);

async function bench(config: YolosConfig, trainable = false) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, weightsOf(config));
  const { channels, image } = config.encoder;
  const pixels = graph.fixed(upload(engine, imagesOf(config), "f32"), [BATCH, channels, image, image]);
  return { engine, graph, params, bound: params.on(graph, trainable), pixels };
}

describe.each([
  ["odd", ODD],
  ["aligned to four", ALIGNED],
] as const)("%s", (_, config) => {
  const [weights, images] = [weightsOf(config), imagesOf(config)];
  const { width, image } = config.encoder;

  test("tokens, classes, boxes and the attention of the detection tokens", async () => {
    const { graph, bound, pixels } = await bench(config);
    const seen = yolos(bound, config, pixels);
    expect([seen.logits.shape, seen.boxes.shape]).toEqual([
      [BATCH, config.tokens, config.classes + 1],
      [BATCH, config.tokens, 4],
    ]);
    const { logits, boxes, patches, det } = seen;
    const score = seen.saliency({ queries: "det" });
    const found = await (await Program.compile(graph, { logits, boxes, patches, det, score })).fetch();
    const expected = yolos64(config, weights, images, BATCH);
    const each = (10 + config.tokens) * width;
    const part = (from: number, to: number) =>
      Array.from({ length: BATCH }, (_, b) => [...expected.tokens.subarray(b * each + from * width, b * each + to * width)]).flat();
    compare("logits", found.logits, expected.logits, 2e-5);
    compare("boxes", found.boxes, expected.boxes, 2e-5);
    compare("patches", found.patches, part(1, 10), 2e-5);
    compare("detection tokens", found.det, part(10, 10 + config.tokens), 2e-5);
    compare("attention", found.score, attentionOfDet(expected.attention, config), 1e-5);
  });

  test("gradient of DETR's losses for every parameter, against differences in float64", async () => {
    const { tokens, classes } = config;
    const slots = tokens;
    const known = Array.from({ length: BATCH * slots }, (_, i) => (i % slots < 2 ? i % classes : classes));
    const boxes = known.flatMap((_, i) => [0.5 + (i % 3), 1, 4 + (i % 2), 5 + (i % 3)]);
    const count = known.filter((label) => label < classes).length;
    const { engine, graph, params, bound, pixels } = await bench(config, true);
    const objects = {
      labels: graph.fixed(upload(engine, known, "u32"), [BATCH, slots], "u32"),
      boxes: graph.fixed(upload(engine, boxes, "f32"), [BATCH, slots, 4]),
      ...{ side: image, count },
    };
    const { ce, l1, giou } = setLosses(yolos(bound, config, pixels), objects, 0.1);
    const reader = gradientReader(
      params,
      graph.gradients((g) => {
        ce.seed(1, g);
        l1.seed(5, g);
        giou.seed(2, g);
      }),
    );
    const found = reader.read(await (await Program.compile(graph, reader.outputs)).fetch());
    const loss64 = (w: Weights64) => {
      const { logits, boxes: raw } = yolos64(config, w, images, BATCH);
      const one = { images: BATCH, queries: tokens, slots, classes, side: image, labels: known, boxes };
      const terms = losses64({ ...one, logits: [...logits], raw: [...raw] }, 0.1);
      return terms.ce + 5 * terms.l1 + 2 * terms.giou;
    };
    for (const [name, { data }] of weights) {
      const at = [...new Set([0, 0.4, 1].map((share) => Math.floor(share * (data.length - 1))))];
      const changed = (i: number, by: number): Weights64 =>
        new Map<string, { data: ArrayLike<number> }>(weights).set(name, { data: Float64Array.from(data).with(i, data[i] + by) });
      const expected = at.map((i) => (loss64(changed(i, 1e-5)) - loss64(changed(i, -1e-5))) / 2e-5);
      const gradient = found.get(name) as Float64Array;
      const scale = Math.max(1e-3, ...Array.from(gradient, Math.abs));
      compare(
        `${name} at ${at}`,
        at.map((i) => gradient[i] / scale),
        expected.map((v) => v / scale),
        3e-4,
      );
    }
  });
});

/** Mean over heads and detection tokens of the attention to each patch. */
function attentionOfDet(attention: Float64Array[], { encoder: { heads }, tokens }: YolosConfig): number[] {
  return attention.flatMap((all) => {
    const count = Math.sqrt(all.length / heads);
    const at = (h: number, i: number, j: number) => all[(h * count + i) * count + j];
    return Array.from({ length: count - 1 - tokens }, (_, patch) => {
      let sum = 0;
      for (let h = 0; h < heads; h++) for (let q = count - tokens; q < count; q++) sum += at(h, q, 1 + patch);
      return sum / (heads * tokens);
    });
  });
}

test("a masked teacher computes its kept patches and no head", async () => {
  const { engine, graph, bound, pixels } = await bench(ODD);
  const keep = [
    [7, 0, 4, 2],
    [1, 8, 3, 5],
  ];
  const kept = graph.fixed(upload(engine, keep.flat(), "u32"), [BATCH, 4], "u32");
  const { patches, det } = yolosTokens(bound, ODD, pixels, { kept });
  const found = await (await Program.compile(graph, { patches, det })).fetch();
  const { tokens } = yolos64(ODD, weightsOf(ODD), imagesOf(ODD), BATCH, keep);
  const each = 8 * ODD.encoder.width;
  const part = (from: number, to: number) => [0, 1].flatMap((b) => [...tokens.subarray(b * each + 10 * from, b * each + 10 * to)]);
  compare("patches", found.patches, part(1, 5), 1e-5);
  compare("detection tokens", found.det, part(5, 8), 1e-5);
  expect(
    graph.launches.some(({ bind }) => Object.values(bind).some((t: Tensor) => t.storage === bound["class_embed.layers.0.weight"].storage)),
  ).toBe(false);
});

test("objects: the likeliest class apart from none, best first, boxes cut at the border", () => {
  const logits = Float32Array.from([0, 2, 0, 0, 1, 5, 0, 0, 0, 0, 9, 9, 9, 9, 0]);
  const boxes = Float32Array.from([0, 0, 0, 0, -4, 0, 2, 0, 0, 0, 0, 0]);
  const found = detectionsOf(ODD, logits, boxes);
  expect(found.map(({ category }) => category)).toEqual([0, 1, 0]);
  expect(found[0].score).toBeCloseTo(Math.exp(5) / (Math.exp(5) + 4), 6);
  expect(found[0].box[0]).toBe(0);
  expect(found[2].box).toEqual([2.25, 2.25, 6.75, 6.75]);
});

describe("files", () => {
  test("names and shapes are those of the original code: positions of detection tokens are the last rows", () => {
    const original = toOriginal(weightsOf(ODD));
    expect(original.get("backbone.pos_embed")?.shape).toEqual([1, 1 + 9 + 3, 10]);
    const names = [...original.keys()].filter((name) => !name.includes("blocks"));
    expect(names).toEqual(
      ["cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias", "norm.weight", "norm.bias", "det_token"]
        .map((name) => `backbone.${name}`)
        .concat(
          ["class_embed", "bbox_embed"].flatMap((head) =>
            [0, 1, 2].flatMap((i) => [`${head}.layers.${i}.weight`, `${head}.layers.${i}.bias`]),
          ),
        ),
    );
    expect([...original.keys()]).toContain("backbone.blocks.1.attn.qkv.weight");
  });

  test("what is written comes back, with wrappers' prefixes and the classifier of the ViT before, too", () => {
    const weights = weightsOf(ODD);
    const back = readSafetensors(writeSafetensors(toOriginal(weights), {}), "a");
    const wrapped = new Map([...back].map(([name, tensor]) => [`module.${name}`, tensor]));
    wrapped.set("module.backbone.head.weight", { shape: [1, 1], data: new Float32Array(1) } as never);
    for (const file of [back, wrapped]) {
      const read = fromOriginal(file, ODD.tokens);
      checkYolosWeights(ODD, read);
      for (const [name, { data }] of weights) expect(read.get(name)?.data).toEqual(data);
    }
    expect(() => checkYolosWeights(ODD, fromOriginal(back, 13))).toThrow('"backbone.pos_embed" has the shape [1,13,10]');
  });
});

test("fresh weights: a ViT's, tokens like its embeddings, heads within 1 / sqrt(D); the seed decides", () => {
  const weights = initYolos(ALIGNED, 3);
  checkYolosWeights(ALIGNED, weights);
  const most = (name: string) => Math.max(...weights.get(name)!.data.map(Math.abs));
  expect(most("class_embed.layers.1.weight")).toBeGreaterThan(0.3);
  expect(most("class_embed.layers.1.weight")).toBeLessThanOrEqual(1 / Math.sqrt(8));
  expect(most("backbone.det_token")).toBeLessThanOrEqual(0.04);
  expect([most("bbox_embed.layers.2.bias"), most("backbone.norm.bias")]).toEqual([0, 0]);
  expect(initYolos(ALIGNED, 3)).toEqual(weights);
  expect(initYolos(ALIGNED, 4)).not.toEqual(weights);
});

describe("what cannot be is refused by name", () => {
  const encoder = (part: object) => ({ ...ODD, encoder: { ...ODD.encoder, ...part } });
  test.each<[string, unknown, string]>([
    ["nothing", undefined, "a.st: the encoder is not described"],
    ["no tokens", { ...ODD, tokens: 0 }, "a.st: tokens is 0. It has to be a whole number from 1 to 300."],
    ["no class", { ...ODD, classes: 0 }, "classes is 0"],
    ["an encoder with a head", encoder({ classes: 5 }), "encoder classes is 5. It has to be 0."],
    ["another family", encoder({ family: "cait" }), 'encoder family is "cait"'],
    ["patches that do not tile", encoder({ patch: 4 }), "a.st: encoder: patches of 4 do not tile"],
    ["an unknown activation", encoder({ activation: "swish" }), 'encoder activation is "swish"'],
    ["eps as text", encoder({ eps: "1e-6" }), 'encoder eps is "1e-6"'],
  ])("%s", (_, config, message) => {
    expect(() => checkYolos(config as YolosConfig, "a.st")).toThrow(message);
  });

  test("parameters of another model", async () => {
    const { bound, pixels } = await bench(ODD);
    expect(() => yolos(bound, { ...ODD, tokens: 2 }, pixels)).toThrow('tensor "backbone.det_token" has the shape [1,3,10]');
    expect(yolosShapes(ODD).size).toBe(6 + 2 * 12 + 2 + 12);
  });
});
