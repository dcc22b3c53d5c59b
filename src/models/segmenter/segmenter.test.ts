/** The Segmenter on the GPU against the float64 reference: logits of patches and pixels, gradients, and a masked encoder. */
import { describe, expect, test } from "vitest";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { saliency } from "../../ops/attention";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { pixelCrossEntropy } from "../../ops/segmentation";
import { logSoftmax64 } from "../../ops/softmax.fixture";
import { gradientReader } from "../gradients.fixture";
import { Params } from "../params";
import { patches } from "../vit/config";
import { classRows } from "../vit/forward.fixture";
import { vitForward64, type Weights64 } from "../vit/reference";
import { gridSide, type SegmenterConfig } from "./config";
import { pixelLogits, segmenter, segmenterEncoder } from "./segmenter";
import { CONFIGS, ODD, weightsOf } from "./segmenter.fixture";
import { encoderWeights, segmenter64 } from "./segmenter.reference";

const BATCH = 2;
const imagesOf = ({ encoder: { channels, image } }: SegmenterConfig) => randoms(BATCH * channels * image ** 2, 9);

async function bench(config: SegmenterConfig, trainable = false) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, weightsOf(config));
  const { channels, image } = config.encoder;
  const pixels = graph.fixed(upload(engine, imagesOf(config), "f32"), [BATCH, channels, image, image]);
  return { engine, graph, params, bound: params.on(graph, trainable), pixels };
}

/** [B, g, g, K] between its pixels, [B, S, S, K]. */
function upsampled64(x: ArrayLike<number>, grid: number, side: number, cols: number): Float64Array {
  const source = (i: number) => Math.min(Math.max(((i + 0.5) * grid) / side - 0.5, 0), grid - 1);
  const weight = (i: number, at: number) => Math.max(0, 1 - Math.abs(source(i) - at));
  return Float64Array.from({ length: BATCH * side * side * cols }, (_, i) => {
    const pixel = Math.floor(i / cols);
    const [b, y, z] = [Math.floor(pixel / side ** 2), Math.floor(pixel / side) % side, pixel % side];
    let sum = 0;
    for (let r = 0; r < grid; r++)
      for (let c = 0; c < grid; c++) sum += weight(y, r) * weight(z, c) * x[((b * grid + r) * grid + c) * cols + (i % cols)];
    return sum;
  });
}

describe.each(Object.entries(CONFIGS))("%s", (_, config) => {
  const { image, width } = config.encoder;
  const [grid, weights, images] = [gridSide(config), weightsOf(config), imagesOf(config)];
  const pixels64 = (w: Weights64) => upsampled64(segmenter64(config, w, images, BATCH), grid, image, config.classes);

  test("logits of patches and of pixels, blocks and attention", async () => {
    const { graph, bound, pixels } = await bench(config);
    const seen = segmenter(bound, config, pixels);
    expect(seen.logits.shape).toEqual([BATCH, grid, grid, config.classes]);
    const full = pixelLogits(seen.logits, config);
    expect(full.shape).toEqual([BATCH, image, image, config.classes]);
    const map = saliency(seen.attention[1], { perHead: true });
    const program = await Program.compile(graph, { grid: seen.logits, full, last: seen.blocks[1], map });
    const found = await program.fetch();
    const vit64 = vitForward64(config.encoder, encoderWeights(weights), images, BATCH);
    compare("grid", found.grid, segmenter64(config, weights, images, BATCH), 2e-5);
    compare("full", found.full, pixels64(weights), 2e-5);
    compare("every token of the last block", found.last, vit64.tokens, 1e-5);
    expect(found.last).toHaveLength(BATCH * (1 + patches(config.encoder)) * width);
    compare("attention", found.map, classRows(vit64.attention[1], 1 + patches(config.encoder)), 1e-5);
  });

  test("gradient of the cross entropy of pixels for every parameter, against differences in float64", async () => {
    const labels = randoms(BATCH * image * image, 3).map((v, i) => (i % 5 === 0 ? 255 : Math.floor(((v + 1) / 2) * config.classes)));
    const { engine, graph, params, bound, pixels } = await bench(config, true);
    const logits = pixelLogits(segmenter(bound, config, pixels).logits, config);
    const loss = pixelCrossEntropy(logits, graph.fixed(upload(engine, labels, "u32"), [BATCH, image, image], "u32"));
    const reader = gradientReader(
      params,
      graph.gradients((g) => loss.seed(1, g)),
    );
    const found = reader.read(await (await Program.compile(graph, reader.outputs)).fetch());
    const loss64 = (w: Weights64) => {
      const logs = logSoftmax64(pixels64(w), config.classes);
      const counted = Array.from(labels.entries()).filter(([, label]) => label !== 255);
      return counted.reduce((sum, [i, label]) => sum - logs[i * config.classes + label], 0) / counted.length;
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
        2e-4,
      );
    }
  });
});

test("a masked encoder computes its kept patches and no decoder", async () => {
  const { engine, graph, bound, pixels } = await bench(ODD);
  const keep = [
    [7, 0, 4, 2],
    [1, 8, 3, 5],
  ];
  const kept = graph.fixed(upload(engine, keep.flat(), "u32"), [BATCH, 4], "u32");
  const seen = segmenterEncoder(bound, ODD, pixels, { kept, allTokens: true });
  const launches = graph.launches.length;
  const { last } = await (await Program.compile(graph, { last: seen.blocks[1] })).fetch();
  compare("tokens", last, vitForward64(ODD.encoder, encoderWeights(weightsOf(ODD)), imagesOf(ODD), BATCH, keep).tokens, 1e-5);
  segmenter(bound, ODD, pixels);
  expect(graph.launches.length - launches).toBeGreaterThan(launches);
});

test("parameters of another model are refused by name", async () => {
  const { bound, pixels } = await bench(ODD);
  expect(() => segmenter(bound, { ...ODD, classes: 4 }, pixels)).toThrow(
    'segmenter: tensor "decoder.cls_emb" has the shape [1,3,6], but this model needs [1,4,6]',
  );
  expect(() => segmenter(bound, { ...ODD, decoder: { kind: "linear" } }, pixels)).toThrow(
    '"decoder.head.weight" of shape [3,10] is missing',
  );
});
