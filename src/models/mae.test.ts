/** A masked autoencoder against float64, forward and backward. */
import { describe, expect, test } from "vitest";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { compare, randoms, testEngine, upload } from "../ops/check";
import { gradientReader } from "./gradients.fixture";
import { decoderShapes, encoderOf, initMae, learns, type MaeConfig, mae } from "./mae";
import { features64, mae64 } from "./mae.fixture";
import { Params } from "./params";
import { patches, vitShapes } from "./vit/config";
import { elements, type Weights } from "./weights";

const CONFIG: MaeConfig = {
  encoder: {
    ...{ image: 12, patch: 4, channels: 2, classes: 0, width: 8, depth: 2, heads: 2, headDim: 4, mlp: 12 },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  },
  decoder: { width: 12, depth: 2, heads: 3 },
};
/** The same with a decoder that tells 10 features of each token. */
const FEATURED: MaeConfig = { ...CONFIG, decoder: { ...CONFIG.decoder, features: 10 } };
const BATCH = 2;
const KEPT = [
  [1, 3, 8],
  [0, 4, 5],
];
const N = patches(CONFIG.encoder);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Random weights in which no bias is zero and no norm one; positions as they are fixed. */
function weightsOf(config: MaeConfig): Weights {
  const shapes = [...vitShapes(config.encoder), ...decoderShapes(config)];
  const fresh = initMae(config, 1);
  return new Map(
    shapes.map(([name, shape], i) => {
      const centre = /norm\d?\.weight$/.test(name) ? 1 : 0;
      const data = Float32Array.from(randoms(elements(shape), 30 + i), (v) => centre + 0.4 * v);
      return [name, name === "pos_embed" ? fresh.get(name)! : { shape, data }];
    }),
  );
}

async function run(config: MaeConfig, weights: Weights, images: ArrayLike<number>, upstream: ArrayLike<number>) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, weights);
  const places = KEPT.flatMap((kept) => range(N).map((cell) => Math.max(0, kept.indexOf(cell))));
  const visible = KEPT.flatMap((kept) => range(N).map((cell) => Number(kept.includes(cell))));
  const left = {
    kept: graph.fixed(upload(engine, KEPT.flat(), "u32"), [BATCH, 3], "u32"),
    places: graph.fixed(upload(engine, places, "u32"), [BATCH, N], "u32"),
    visible: graph.fixed(upload(engine, visible, "f32"), [BATCH, 3, 3]),
  };
  const { encoder } = config;
  const shape = [BATCH, encoder.channels, encoder.image, encoder.image];
  const [bound, pictures] = [params.on(graph, learns), graph.fixed(upload(engine, images, "f32"), shape)];
  const told = mae(bound, config, pictures, left);
  const grads = graph.gradients((g) => g.alias(told, graph.fixed(upload(engine, upstream, "f32"), told.shape)));
  const reader = gradientReader(params, grads);
  const found = await (await Program.compile(graph, { told: told as Tensor, ...reader.outputs })).fetch();
  params.destroy();
  return { told: found.told, gradients: reader.read(found) };
}

describe.each([
  { tells: "pixels", config: CONFIG },
  { tells: "features", config: FEATURED },
])("a masked autoencoder that tells $tells", ({ config }) => {
  const reference = config.decoder.features ? features64 : mae64;
  const weights = weightsOf(config);
  const images = randoms(BATCH * 2 * 144, 3);
  const expected = reference(config, weights, images, KEPT);
  const upstream = randoms(expected.length, 4);

  test("tells what float64 tells, and its gradients are slopes of that", { timeout: 60_000 }, async () => {
    const { told, gradients } = await run(config, weights, images, upstream);
    compare("told", told, expected, 1e-4);
    expect([...gradients.get("pos_embed")!].every((v) => v === 0)).toBe(true);
    for (const [i, [name, gradient]] of [...gradients].filter(([name]) => learns(name)).entries()) {
      const direction = randoms(gradient.length, 200 + i);
      const value = (by: number) => {
        const data = Float64Array.from(weights.get(name)!.data, (v, k) => v + by * direction[k]);
        const moved = new Map<string, { data: ArrayLike<number> }>([...weights, [name, { data }]]);
        return reference(config, moved, images, KEPT).reduce((sum, v, k) => sum + v * upstream[k], 0);
      };
      const slope = (value(1e-5) - value(-1e-5)) / 2e-5;
      const along = gradient.reduce((sum, v, k) => sum + v * direction[k], 0);
      const size = Math.hypot(...gradient) * Math.hypot(...direction);
      expect(Math.abs(along - slope), `${name}: ${along}, not ${slope}`).toBeLessThan(1e-4 * Math.max(1, size));
    }
  });

  test("hands out the encoder alone", () => {
    expect([...encoderOf(weights, config).keys()]).toEqual([...vitShapes(CONFIG.encoder).keys()]);
  });
});
