/** Really trained ViTs: logits, attention and accuracy against what PyTorch and their authors got. */
import { describe, expect, test } from "vitest";
import { saliency } from "../../ops/attention";
import { readSafetensors } from "../safetensors";
import { hasShared, mnistImages, mnistLabels, sharedBytes, sharedJson } from "../shared.fixture";
import { patches, type ViTConfig } from "./config";
import { classRows, look, looking } from "./forward.fixture";
import type { vit } from "./model";
import { inferViT, LAYOUT_EPS, toTimm } from "./names";

interface Published {
  image_index: number[];
  logits_float64: number[][];
  predictions: string;
}

function load(model: string) {
  const weights = toTimm(readSafetensors(sharedBytes(`vit-mnist/${model}/model.safetensors`)), model);
  const config = inferViT(weights, 4, model, { activation: "relu", eps: LAYOUT_EPS.lucidrains });
  return { weights, config, published: sharedJson<Published>(`vit-mnist/${model}/reference.json`) };
}

describe.skipIf(!hasShared).each(["vit_371", "vit_mnist_gpu"])("trained %s", (model) => {
  test("gives PyTorch's logits", async () => {
    const { weights, config, published } = load(model);
    const { logits } = await look(config, weights, mnistImages(published.image_index), { batch: 16 });
    expect(worst(logits, published.logits_float64.flat())).toBeLessThan(1e-4);
  });

  test("gives its attention maps: every row from what the trace keeps, the class token's as saliency", async () => {
    const { weights, config, published } = load(model);
    const extra = (seen: ReturnType<typeof vit>) =>
      Object.fromEntries(
        seen.attention.flatMap((t, l) => [
          [`q${l}`, t.q],
          [`lse${l}`, t.lse],
          [`map${l}`, saliency(t, { perHead: true })],
        ]),
      );
    const pixels = mnistImages(published.image_index.slice(0, 2));
    const found = await look(config, weights, pixels, { batch: 2, allTokens: true, extra });
    const tokens = patches(config) + 1;
    const maps = readSafetensors(sharedBytes(`vit-mnist/${model}/attention.safetensors`));
    for (const [name, { data }] of maps) {
      const [image, l] = (/image(\d)\.block(\d)/.exec(name) ?? []).slice(1).map(Number);
      const expected = Float64Array.from(data as ArrayLike<number>);
      const probabilities = rebuilt(config, found[`q${l}`], found[`lse${l}`], image, tokens);
      expect(worst(probabilities, expected), name).toBeLessThan(1e-5);
      const rows = classRows(expected, tokens);
      expect(worst(found[`map${l}`].subarray(image * rows.length, (image + 1) * rows.length), rows), name).toBeLessThan(1e-5);
    }
  });
});

/** softmax(q k / sqrt(d)) of one image, [H, T, T], from qkv rows [q | k | v] and their log-sum-exp. */
function rebuilt(
  { heads, headDim }: ViTConfig,
  qkv: ArrayLike<number>,
  lse: ArrayLike<number>,
  image: number,
  tokens: number,
): Float64Array {
  const row = 3 * heads * headDim;
  return Float64Array.from({ length: heads * tokens * tokens }, (_, i) => {
    const [h, query, key] = [Math.floor(i / tokens / tokens), Math.floor(i / tokens) % tokens, i % tokens];
    const [q, k] = [(image * tokens + query) * row + h * headDim, (image * tokens + key) * row + (heads + h) * headDim];
    let dot = 0;
    for (let d = 0; d < headDim; d++) dot += qkv[q + d] * qkv[k + d];
    return Math.exp(dot / Math.sqrt(headDim) - lse[(image * heads + h) * tokens + query]);
  });
}

describe.skipIf(!hasShared)("published accuracy", () => {
  test("vit_mnist_gpu knows 4,809 of the 5,000 shared digits, each answer as published", async () => {
    const { answers, published } = await answersOf(
      "vit_mnist_gpu",
      Array.from({ length: 5000 }, (_, i) => i),
    );
    const labels = mnistLabels();
    expect(answers.filter((answer, i) => answer === labels[i])).toHaveLength(4809);
    expect(answers.slice(0, published.length).join("")).toBe(published);
  });

  test("vit_371 knows 1,533 of the 1,561 zeros, ones and twos", async () => {
    const labels = mnistLabels();
    const indices = labels.flatMap((label, i) => (label < 3 ? [i] : []));
    const { answers, published } = await answersOf("vit_371", indices);
    expect(answers.filter((answer, i) => answer === labels[indices[i]])).toHaveLength(1533);
    expect(answers.join("")).toBe(published);
  });
});

/** A model's answers for MNIST images, in batches of 250 through one program. */
async function answersOf(model: string, indices: number[]): Promise<{ answers: number[]; published: string }> {
  const batch = 250;
  const { weights, config, published } = load(model);
  const answer = await looking(config, weights, { batch });
  const pixels = mnistImages(indices);
  const each = batch * 784;
  const answers: number[] = [];
  for (let from = 0; from < pixels.length; from += each) {
    // The last batch is filled up with black; its answers are cut off below.
    const { logits } = await answer(Float32Array.from({ length: each }, (_, i) => pixels[from + i] ?? 0));
    for (let i = 0; i < logits.length; i += config.classes) {
      const row = [...logits.subarray(i, i + config.classes)];
      answers.push(row.indexOf(Math.max(...row)));
    }
  }
  return { answers: answers.slice(0, indices.length), published: published.predictions };
}

/** Largest absolute difference. */
function worst(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Array.from(found, (v, i) => Math.abs(v - expected[i])).reduce((a, b) => Math.max(a, b), 0);
}
