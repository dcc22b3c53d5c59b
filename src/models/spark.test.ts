/** Masked modelling with a ResNet against float64, forward and backward; what is hidden is nothing to what is told. */
import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { compare, randoms, testEngine, upload } from "../ops/check";
import { backboneShapes, type DetectorConfig, smallDetector } from "./detector/config";
import { backbone, convolve, doubled, groupNorm, type Map64, map, type Net, seen } from "./detector/detector.reference";
import { gradientReader } from "./gradients.fixture";
import { Params } from "./params";
import { backboneOf, initSpark, SPARK_PATCH, type SparkConfig, spark, sparkDecoderShapes } from "./spark";
import { elements, type Weights } from "./weights";

const BATCH = 2;
const SIDE = 64;
const VISIBLE = [
  [1, 0, 1, 1],
  [0, 0, 1, 0],
];
const encoder: DetectorConfig = { ...smallDetector("gfl", "student", 1, SIDE), width: 4 };
/** Each with a seed of images at which no ReLU is so close to its kink that f32 and float64 are on different sides. */
const CONFIGS: [string, SparkConfig, number][] = [
  ["a ResNet", { encoder, decoder: { width: 16 } }, 3],
  ["a ResNeXt", { encoder: { ...encoder, block: "bottleneck", cardinality: 2, groupWidth: 4 }, decoder: { width: 24 } }, 13],
];

/** Random weights in which no bias is zero and no norm one. */
function weightsOf(config: SparkConfig): Weights {
  const shapes = [...backboneShapes(config.encoder), ...sparkDecoderShapes(config)];
  return new Map(
    shapes.map(([name, shape], i) => {
      const scale = shape.length > 1 && !name.endsWith("mask_token") ? Math.sqrt(3 / (elements(shape) / shape[0])) : 0.3;
      const centre = shape.length === 1 && name.endsWith("weight") ? 1 : 0;
      return [name, { shape, data: Float32Array.from(randoms(elements(shape), 30 + i), (v) => centre + scale * v) }];
    }),
  );
}

/** What is told of one image, as a map of pixels. */
function spark64(config: SparkConfig, weights: Net["weights"], image: ArrayLike<number>, mask: number[]): Map64 {
  const net: Net = { config: config.encoder, weights, mask, visible: true };
  const whole: Net = { ...net, visible: false };
  const maps = backbone(net, { side: SIDE, channels: 3, data: Float64Array.from(image) }).toReversed();
  const dense = maps.map((x, i) => {
    const normed = groupNorm(net, `densify.${i}.norm`, x, false);
    const token = weights.get(`densify.${i}.mask_token`)!.data;
    const data = normed.data.map((v, at) => (seen(net, x.side, Math.floor(at / x.channels)) ? v : token[at % x.channels]));
    return convolve(net, `densify.${i}.proj`, { ...x, data }, 1);
  });
  let x = dense[0];
  for (let i = 0; i < 5; i++) {
    if (i > 0 && i < 4) x = { ...x, data: x.data.map((v, at) => v + dense[i].data[at]) };
    const inner = convolve(whole, `decoder.${i}.conv1`, doubled(whole, x, `decoder.${i}.up`, x.channels), 1);
    const outer = convolve(whole, `decoder.${i}.conv2`, groupNorm(whole, `decoder.${i}.norm1`, inner, true), 1);
    x = groupNorm(whole, `decoder.${i}.norm2`, outer, false);
  }
  return convolve(whole, "decoder.proj", x, 1);
}

/** A map as rows of patches, each pixel by pixel. */
function cut({ side, channels, data }: Map64): Float64Array {
  const across = side / SPARK_PATCH;
  const out = map(side, channels);
  for (const [at] of out.data.entries()) {
    const [cell, within] = [Math.floor(at / (SPARK_PATCH ** 2 * channels)), at % (SPARK_PATCH ** 2 * channels)];
    const [pixel, c] = [Math.floor(within / channels), within % channels];
    const y = Math.floor(cell / across) * SPARK_PATCH + Math.floor(pixel / SPARK_PATCH);
    const x = (cell % across) * SPARK_PATCH + (pixel % SPARK_PATCH);
    out.data[at] = data[(y * side + x) * channels + c];
  }
  return out.data;
}

function reference(config: SparkConfig, weights: Net["weights"], images: Float64Array): Float64Array {
  const each = images.length / BATCH;
  const all = VISIBLE.map((mask, b) => cut(spark64(config, weights, images.subarray(b * each, (b + 1) * each), mask)));
  return Float64Array.from(all.flatMap((rows) => [...rows]));
}

async function run(config: SparkConfig, weights: Weights, images: ArrayLike<number>, upstream?: ArrayLike<number>) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, weights);
  const fixed = (values: ArrayLike<number>, shape: number[]) => graph.fixed(upload(engine, values, "f32"), shape);
  const sparse = {
    visible: fixed(VISIBLE.flat(), [BATCH, 2, 2]),
    hidden: fixed(
      VISIBLE.flat().map((v) => 1 - v),
      [BATCH * 4],
    ),
  };
  const told = spark(params.on(graph, upstream !== undefined), config, fixed(images, [BATCH, SIDE, SIDE, 3]), sparse, true);
  const grads = upstream && graph.gradients((g) => g.alias(told, fixed(upstream, [...told.shape])));
  const reader = grads && gradientReader(params, grads);
  const found = await (await Program.compile(graph, { told, ...reader?.outputs })).fetch();
  params.destroy();
  return { told: found.told as Float32Array, gradients: reader?.read(found) };
}

describe.each(CONFIGS)("masked modelling with %s", (_, config, seed) => {
  const weights = weightsOf(config);
  const images = Float64Array.from(randoms(BATCH * SIDE * SIDE * 3, seed), Math.fround);

  test("tells what float64 tells, and its gradients are slopes of that", { timeout: 120_000 }, async () => {
    const expected = reference(config, weights, images);
    const upstream = randoms(expected.length, 4).map((v) => v / expected.length);
    const { told, gradients } = await run(config, weights, images, upstream);
    compare("told", told, expected, 2e-4);
    // One direction in all weights at once: each of hundreds alone would take float64 minutes.
    for (const part of ["backbone.", "densify.", "decoder."]) {
      const directions = new Map(
        [...gradients!].filter(([name]) => name.startsWith(part)).map(([name, g], i) => [name, randoms(g.length, 200 + i)]),
      );
      const value = (by: number) => {
        const moved = new Map<string, { shape: readonly number[]; data: ArrayLike<number> }>(weights);
        for (const [name, direction] of directions) {
          const { shape, data } = weights.get(name)!;
          moved.set(name, { shape, data: Float64Array.from(data, (v, k) => v + by * direction[k]) });
        }
        return reference(config, moved, images).reduce((sum, v, k) => sum + v * upstream[k], 0);
      };
      const slope = (value(1e-6) - value(-1e-6)) / 2e-6;
      const along = [...directions].reduce((sum, [name, d]) => sum + gradients!.get(name)!.reduce((s, v, k) => s + v * d[k], 0), 0);
      const size = Math.hypot(...[...directions.keys()].flatMap((name) => [...gradients!.get(name)!]));
      expect(size, part).toBeGreaterThan(0);
      expect(Math.abs(along - slope), `${part}: ${along}, not ${slope}`).toBeLessThan(2e-3 * size);
    }
    for (const name of sparkDecoderShapes(config).map(([name]) => name))
      expect(
        gradients!.get(name)!.some((v) => v !== 0),
        name,
      ).toBe(true);
  });

  test("pixels of hidden patches change nothing, bit for bit", async () => {
    const other = images.map((v, i) => {
      const [b, pixel] = [Math.floor(i / (SIDE * SIDE * 3)), Math.floor(i / 3) % (SIDE * SIDE)];
      const cell = 2 * Math.floor(pixel / SIDE / SPARK_PATCH) + Math.floor((pixel % SIDE) / SPARK_PATCH);
      return VISIBLE[b][cell] ? v : 5 - v;
    });
    expect((await run(config, weights, other)).told).toEqual((await run(config, weights, images)).told);
  });
});

test("begins with the backbone of a fresh detector", () => {
  const [, config] = CONFIGS[0];
  const fresh = initSpark(config, 3);
  expect([...fresh.keys()]).toEqual([...backboneShapes(config.encoder), ...sparkDecoderShapes(config)].map(([name]) => name));
  expect(backboneOf(fresh, config.encoder).size).toBe(backboneShapes(config.encoder).length);
});
