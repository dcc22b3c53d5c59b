/** The ONNX file of every detector, run by onnxruntime, against the engine's own answers and the boxes that they mean. */
import { InferenceSession, Tensor } from "onnxruntime-web";
import { describe, expect, test } from "vitest";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { Detection } from "../../geometry/boxes";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { Params } from "../params";
import { DETECTORS, type DetectorConfig, smallDetector } from "./config";
import { decode, KEEP, type LevelOutputs } from "./decode";
import { detector } from "./detector";
import { weightsOf } from "./detector.fixture";
import { transposed } from "./names";
import { detectorOnnx } from "./onnxGraph";

const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] };
const SIDE = 96;
const IMAGE = Float32Array.from(randoms(3 * SIDE ** 2, 3));

/** What onnxruntime finds in an image [3, S, S]. */
async function ran(file: Uint8Array, image: Float32Array): Promise<Detection[]> {
  const session = await InferenceSession.create(file);
  const { boxes, scores, labels } = await session.run({ images: new Tensor("float32", image, [1, 3, SIDE, SIDE]) });
  await session.release();
  return Array.from(scores.data as Float32Array, (score, i) => {
    return {
      score,
      category: Number(labels.data[i]),
      box: [...(boxes.data as Float32Array).subarray(4 * i, 4 * i + 4)] as unknown as Detection["box"],
    };
  });
}

/** What the engine and `decode` find in it. */
async function found(config: DetectorConfig, weights: ReturnType<typeof weightsOf>): Promise<Detection[]> {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, weights);
  const pixels = transposed(IMAGE, 1, 3, SIDE ** 2);
  const { levels } = detector(params.on(graph, false), config, graph.fixed(upload(engine, pixels, "f32"), [1, SIDE, SIDE, 3]));
  const tensors = levels.flatMap((level, l) => Object.entries(level).map(([part, tensor]) => [`${part} ${l}`, tensor] as const));
  const out = await (await Program.compile(graph, Object.fromEntries(tensors))).fetch();
  params.destroy();
  const outputs = levels.map(
    (_, l) => ({ cls: out[`cls ${l}`], box: out[`box ${l}`], centerness: out[`centerness ${l}`] }) as LevelOutputs,
  );
  return decode(config, outputs, 0);
}

const scoresOf = (all: readonly Detection[]) => all.map(({ score }) => score);
/** Corners, in sides of the image. */
const sidesOf = (all: readonly Detection[]) => all.flatMap(({ box }) => box.map((v) => v / SIDE));

const CONFIGS: [name: string, config: DetectorConfig][] = [
  ...DETECTORS.map((kind): [string, DetectorConfig] => [kind, smallDetector(kind, "student", 3, SIDE)]),
  ["retinanet of five levels", { ...smallDetector("retinanet", "student", 5, SIDE), levels: 5, stacked: 2 }],
  ["fcos of five levels, batch norm", { ...smallDetector("fcos", "student", 3, SIDE), levels: 5, norm: "bn" }],
  [
    "gfl on a ResNeXt",
    { ...smallDetector("gfl", "student", 3, SIDE), block: "bottleneck", cardinality: 4, groupWidth: 4, norm: "bn", stem: 7, width: 8 },
  ],
  [
    "gfl on ViTDet with relative positions",
    { ...smallDetector("gfl", "student", 3, SIDE), plain: { width: 8, depth: 2, heads: 2, window: 3, globals: 1, relative: true } },
  ],
  ["gfl on ViTDet", { ...smallDetector("gfl", "student", 3, SIDE), plain: { width: 16, depth: 4, heads: 2, window: 3, globals: 2 } }],
  [
    "fcos of four levels on ViTDet",
    { ...smallDetector("fcos", "student", 3, SIDE), levels: 4, plain: { width: 8, depth: 1, heads: 2, window: 2, globals: 1 } },
  ],
];

describe.each(CONFIGS)("%s", (_, config) => {
  test("onnxruntime finds the engine's boxes", async () => {
    const weights = weightsOf(config);
    const expected = await found(config, weights);
    expect(expected.length).toBeGreaterThan(5);
    const all = await ran(detectorOnnx(config, weights, PLAIN), IMAGE);
    expect(all.map(({ category }) => category)).toEqual(expected.map(({ category }) => category));
    compare("scores", scoresOf(all), scoresOf(expected), 1e-4);
    compare("boxes", sidesOf(all), sidesOf(expected), 1e-4);
  });
});

test("there are tests with more candidates than are kept of a level, and with more boxes than are kept", async () => {
  const config = CONFIGS[4][1];
  expect((SIDE / 8) ** 2 * 9 * config.classes).toBeGreaterThan(1000);
  expect(await found(config, weightsOf(config))).toHaveLength(KEEP);
});

test("images are normalised in the graph", async () => {
  const config = CONFIGS[0][1];
  const [mean, std] = [
    [0.5, 0.25, 0],
    [2, 0.5, 1],
  ];
  const channel = (i: number) => Math.floor(i / SIDE ** 2);
  const normalised = IMAGE.map((v, i) => (v - mean[channel(i)]) / std[channel(i)]);
  const weights = weightsOf(config);
  const told = await ran(detectorOnnx(config, weights, { mean, std }), IMAGE);
  const plain = await ran(detectorOnnx(config, weights, PLAIN), normalised);
  compare("scores", scoresOf(told), scoresOf(plain), 1e-5);
});
