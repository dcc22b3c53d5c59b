/** G2SD's first stage against float64: the loss, what is shown of it, and its gradients. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { gradientReader } from "../../models/gradients.fixture";
import { decoderShapes, initMae, learns, type MaeConfig } from "../../models/mae";
import { decoded64, features64, mae64 } from "../../models/mae.fixture";
import { Params } from "../../models/params";
import { vitShapes } from "../../models/vit/config";
import type { Weights64 } from "../../models/vit/reference";
import { elements, type Weights } from "../../models/weights";
import { compare, randoms, testEngine } from "../../ops/check";
import { Features } from "./aim";
import { hiddenCount, MaskedInputs } from "./inputs";
import { maeAutoencoder } from "./mae";
import type { MaeNetwork } from "./network";
import { forward } from "./step";

const encoderOf = (width: number) =>
  ({
    ...{ image: 12, patch: 4, channels: 2, classes: 0, width, depth: 1, heads: 2, headDim: width / 2, mlp: 12 },
    ...{ activation: "gelu" as const, qkvBias: true, projBias: true, eps: 1e-6 },
  }) as const;
const STUDENT: MaeConfig = { encoder: encoderOf(8), decoder: { width: 8, depth: 2, heads: 2, features: 12 } };
const TEACHER: MaeConfig = { encoder: encoderOf(16), decoder: { width: 12, depth: 3, heads: 3 } };
const [BATCH, N, RATIO] = [2, 9, 0.6];

/** Random weights in which no bias is zero and no norm one; positions as they are fixed. */
function weightsOf(config: MaeConfig, seed: number): Weights {
  const fresh = initMae(config, 1);
  return new Map(
    [...vitShapes(config.encoder), ...decoderShapes(config)].map(([name, shape], i) => {
      const centre = /norm\d?\.weight$/.test(name) ? 1 : 0;
      const data = Float32Array.from(randoms(elements(shape), seed + i), (v) => centre + 0.7 * v);
      return [name, name === "pos_embed" ? fresh.get(name)! : { shape, data }];
    }),
  );
}

const smooth = (d: number) => (Math.abs(d) < 2 ? (d * d) / 4 : Math.abs(d) - 1);

/** Tokens less their mean, over their deviation. */
function normalised(tokens: ArrayLike<number>, width: number): Float64Array {
  return Float64Array.from(tokens, (v, i) => {
    const own = Array.from(tokens).slice(Math.floor(i / width) * width, (Math.floor(i / width) + 1) * width);
    const mean = own.reduce((a, b) => a + b) / width;
    return (v - mean) / Math.sqrt(own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / width + 1e-6);
  });
}

describe("features of a teacher's decoder", () => {
  const [student, teacher] = [weightsOf(STUDENT, 30), weightsOf(TEACHER, 90)];
  const images = randoms(BATCH * 2 * 144, 3);
  const network = { weights: teacher, config: TEACHER.encoder, decoder: TEACHER.decoder, target: "pixels" } as unknown as MaeNetwork;
  let kept: number[][];
  let inputs: MaskedInputs;

  beforeAll(async () => {
    inputs = new MaskedInputs(await testEngine(), STUDENT.encoder, BATCH);
    const seen = [...inputs.load(Float32Array.from(images), { ratio: RATIO, seed: 1, step: 4 })];
    kept = [seen.slice(0, seen.length / 2), seen.slice(seen.length / 2)];
  });
  afterAll(() => inputs.destroy());

  /** What each token adds to the loss, [B (1 + N)]. */
  function errors64(weights: Weights64, block: number): number[] {
    const [told, width] = [features64(STUDENT, weights, images, kept), TEACHER.decoder.width];
    const tokens = decoded64(TEACHER, teacher, images, kept).flatMap((blocks) => [...blocks[block - 1]]);
    const target = normalised(tokens, width);
    const terms = [...told].map((v, i) => smooth(v - target[i]) / width);
    return Array.from({ length: terms.length / width }, (_, row) => terms.slice(row * width, (row + 1) * width).reduce((a, b) => a + b));
  }

  function loss64(weights: Weights64, tokens: "all" | "hidden", block: number): number {
    const errors = errors64(weights, block);
    const told = (i: number) => tokens === "all" || (i % (1 + N) > 0 && !kept[Math.floor(i / (1 + N))].includes((i % (1 + N)) - 1));
    const counted = errors.filter((_, i) => told(i));
    expect(counted).toHaveLength(tokens === "all" ? BATCH * (1 + N) : BATCH * hiddenCount(N, RATIO));
    return counted.reduce((a, b) => a + b) / counted.length;
  }

  test.each([
    { tokens: "all", layer: "middle", block: 2 },
    { tokens: "hidden", layer: "last", block: 3 },
  ] as const)("of $tokens tokens after the $layer block", { timeout: 120_000 }, async ({ tokens, layer, block }) => {
    const engine = await testEngine();
    const [graph, params] = [new Graph(engine), new Params(engine, student)];
    const aim = new Features(engine, network, () => ({ tokens, layer }));
    const { loss, told, errors } = forward(graph, { network: maeAutoencoder(STUDENT), params, inputs, aim, ratio: RATIO });
    const reader = gradientReader(
      params,
      graph.gradients((g) => loss.seed(1, g)),
    );
    const found = await (await Program.compile(graph, { loss: loss.value, told, errors: errors as Tensor, ...reader.outputs })).fetch();
    expect(found.loss[0]).toBeCloseTo(loss64(student, tokens, block), 4);
    compare("errors", found.errors, errors64(student, block), 1e-4);
    compare("told by the teacher", found.told, mae64(TEACHER, teacher, images, kept), 1e-4);
    for (const [i, [name, gradient]] of [...reader.read(found)].filter(([name]) => learns(name)).entries()) {
      const direction = randoms(gradient.length, 200 + i);
      const value = (by: number) => {
        const data = Float64Array.from(student.get(name)!.data, (v, k) => v + by * direction[k]);
        return loss64(new Map<string, { data: ArrayLike<number> }>([...student, [name, { data }]]), tokens, block);
      };
      const slope = (value(1e-5) - value(-1e-5)) / 2e-5;
      const along = gradient.reduce((sum, v, k) => sum + v * direction[k], 0);
      const size = Math.hypot(...gradient) * Math.hypot(...direction);
      expect(Math.abs(along - slope), `${name}: ${along}, not ${slope}`).toBeLessThan(1e-4 * Math.max(0.01, size));
    }
    params.destroy();
    aim.destroy();
  });
});
