/** The ONNX file of every family, run by onnxruntime, against the engine's own answers. */
import { InferenceSession, Tensor } from "onnxruntime-web";
import { describe, expect, test } from "vitest";
import { compare, randoms } from "../../ops/check";
import { imageShape, type ViTConfig } from "./config";
import { look } from "./forward.fixture";
import { CONFIGS, ODD, weightsOf } from "./odd.fixture";
import { vitOnnx } from "./onnxGraph";

const CAIT: ViTConfig = { ...ODD, family: "cait", classDepth: 2 };
const PLAIN = { mean: [0, 0], std: [1, 1] };

const imagesOf = (config: ViTConfig, batch: number) => randoms(batch * imageShape(config).reduce((a, b) => a * b), 9);

/** What onnxruntime makes of images, by the name of the graph's output. */
async function ran(file: Uint8Array, config: ViTConfig, images: ArrayLike<number>, batch: number) {
  const session = await InferenceSession.create(file);
  const outputs = await session.run({ images: new Tensor("float32", Float32Array.from(images), [batch, ...imageShape(config)]) });
  const [[name, { data, dims }]] = Object.entries(outputs);
  await session.release();
  return { name, dims, data: data as Float32Array };
}

describe.each(Object.entries({ ...CONFIGS, CaiT: CAIT }))("%s", (_, config) => {
  const weights = weightsOf(config);

  test("onnxruntime gives the engine's answer", async () => {
    const batch = 3;
    const images = imagesOf(config, batch);
    const found = await ran(vitOnnx(config, weights, PLAIN), config, images, batch);
    expect([found.name, ...found.dims]).toEqual(config.classes ? ["logits", batch, config.classes] : ["features", batch, config.width]);
    compare("logits", found.data, (await look(config, weights, images, { batch })).logits, 1e-4);
  });
});

test("images are normalised in the graph", async () => {
  const [mean, std] = [
    [0.5, 0.25],
    [2, 0.5],
  ];
  const weights = weightsOf(ODD);
  // One image here, three above: how many is open.
  const images = imagesOf(ODD, 1);
  const channel = (i: number) => Math.floor(i / 81);
  const normalised = Array.from(images, (v, i) => (v - mean[channel(i)]) / std[channel(i)]);
  const found = await ran(vitOnnx(ODD, weights, { mean, std }), ODD, images, 1);
  const plain = await ran(vitOnnx(ODD, weights, PLAIN), ODD, normalised, 1);
  compare("logits", found.data, plain.data, 1e-5);
});
