/** Weights with their configuration beside them: which file is taken, what is read, what is refused. */
import { zipSync } from "fflate";
import { describe, expect, it, test } from "vitest";
import type { SourceFile } from "../data/files";
import { writeSafetensors } from "../models/safetensors";
import { hasShared, sharedBytes } from "../models/shared.fixture";
import { initViT, type ViTConfig } from "../models/vit/config";
import { readConfigs } from "../models/vit/hub";
import { DEIT_S } from "../models/vit/vit.fixture";
import { networkIn } from "./networkFiles";
import { readNetwork } from "./vitNetwork";

const CONFIG: ViTConfig = { ...DEIT_S, image: 8, patch: 4, channels: 3, classes: 2, width: 12, depth: 1, heads: 3, headDim: 4, mlp: 16 };
const WEIGHTS = writeSafetensors(initViT(CONFIG, 1));
const HF = {
  ...{ model_type: "vit", hidden_size: 12, num_hidden_layers: 1, num_attention_heads: 3, intermediate_size: 16, image_size: 8 },
  ...{ hidden_act: "quick_gelu", layer_norm_eps: 1e-12, id2label: { "1": "dog", "0": "cat" } },
};
const PIXELS = { do_normalize: true, image_mean: [0.5, 0.4, 0.3], image_std: [0.2, 0.3, 0.4] };

const bytesOf = (content: Uint8Array | object) =>
  content instanceof Uint8Array ? content : new TextEncoder().encode(JSON.stringify(content));
const file = (path: string, content: Uint8Array | object): SourceFile => {
  const bytes = bytesOf(content);
  return { path, size: bytes.length, bytes: async () => bytes };
};
const read = async (...files: SourceFile[]) => {
  const { bytes, name, hints } = await networkIn(files);
  return readNetwork(bytes, name, hints);
};

const FOLDER: Record<string, Uint8Array | object> = {
  ...{ "cats/README.md": {}, "cats/config.json": HF, "cats/preprocessor_config.json": PIXELS, "cats/model.safetensors": WEIGHTS },
};
const EXPECTED = {
  ...{ name: "cats", classes: ["cat", "dog"], moments: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] } },
  config: { ...CONFIG, activation: "quick_gelu", eps: 1e-12 },
};

test("a folder of transformers says heads, eps, activation, classes, mean and std", async () => {
  expect(await read(...Object.entries(FOLDER).map(([path, content]) => file(path, content)))).toMatchObject(EXPECTED);
});

test("an AST's folder says how spectrograms are cut and normalised", () => {
  const of = (name: string, told: object) => readConfigs([{ name, text: JSON.stringify(told) }]);
  const cut = { num_mel_bins: 128, max_length: 1024, frequency_stride: 10, time_stride: 10 };
  expect(of("config.json", { model_type: "audio-spectrogram-transformer", patch_size: 16, ...cut })).toMatchObject({
    cut: { image: 128, columns: 1024, stride: 10 },
  });
  expect(() => of("config.json", { ...cut, time_stride: 8 })).toThrow("10 bands and 8 frames apart");
  const extractor = { feature_extractor_type: "ASTFeatureExtractor", do_normalize: true, mean: -4.25, std: 4.5 };
  expect(of("preprocessor_config.json", extractor)).toEqual({ moments: { mean: [-4.25], std: [9] } });
});

test("one file alone may be called anything", async () => {
  expect((await networkIn([file("932ec1dc", WEIGHTS)])).bytes).toEqual(WEIGHTS);
});

test("an archive of it says the same", async () => {
  const zip = zipSync(Object.fromEntries(Object.entries(FOLDER).map(([path, content]) => [path, bytesOf(content)])));
  expect(await read(file("cats.zip", zip))).toMatchObject(EXPECTED);
});

test("timm's configuration says mean, std and classes by their descriptions", () => {
  const config = {
    ...{ architecture: "vit_base_patch16_clip_quickgelu_224", num_classes: 2, num_features: 768, label_names: ["n01", "n02"] },
    ...{ label_descriptions: { n01: "tench, Tinca tinca" }, pretrained_cfg: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } },
  };
  expect(readConfigs([{ name: "config.json", text: JSON.stringify(config) }])).toEqual({
    ...{ activation: "quick_gelu", eps: 1e-5, classes: ["tench, Tinca tinca", "n02"], sizes: [["width", "num_features", 768]] },
    moments: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  });
});

test("labels that nobody gave are no names, pixels that are not normalised are not, and a tower of images has its own numbers", () => {
  const said = (json: object) => readConfigs([{ name: "config.json", text: JSON.stringify(json) }]);
  expect(said({ id2label: { "0": "LABEL_0", "1": "LABEL_1" } })).toEqual({ sizes: [] });
  expect(said({ ...PIXELS, do_normalize: false })).toEqual({ moments: { mean: [0, 0, 0], std: [1, 1, 1] } });
  expect(said({ num_attention_heads: 8, vision_config: { num_attention_heads: 12 } })).toMatchObject({ heads: 12 });
});

describe("is refused", () => {
  it.each<[string, Record<string, Uint8Array | object>, RegExp]>([
    ["a folder without weights", { "a/config.json": HF, "a/README.md": {} }, /a holds no file of weights/],
    ["one with several", { "a/1.safetensors": WEIGHTS, "a/2.safetensors": WEIGHTS }, /a holds 2 files of weights: 1\.safetensors, 2\./],
    ["a configuration that is none", { "a/config.json": new Uint8Array(3), "a/m.safetensors": WEIGHTS }, /config\.json is no JSON object/],
    [
      "that of another network",
      { "a/config.json": { ...HF, hidden_size: 768 }, "a/m.safetensors": WEIGHTS },
      /says hidden_size 768, but the weights have 12/,
    ],
    [
      "one of other classes",
      { "a/config.json": { ...HF, id2label: { "0": "a" } }, "a/m.safetensors": WEIGHTS },
      /names 1 classes, but its head has 2/,
    ],
    [
      "a class without a name",
      { "a/config.json": { ...HF, id2label: { "0": "", "1": "b" } }, "a/m.safetensors": WEIGHTS },
      /its classes are no list of names/,
    ],
    [
      "a deviation too many",
      {
        ...{ "a/config.json": HF, "a/preprocessor_config.json": { image_mean: [0.5, 0.5, 0.5], image_std: [1, 1, 1, 1] } },
        "a/m.safetensors": WEIGHTS,
      },
      /its moments are not a mean and a deviation of 3 channels/,
    ],
    [
      "an activation not known",
      { "a/config.json": { ...HF, hidden_act: "silu" }, "a/m.safetensors": WEIGHTS },
      /the activation "silu" is not computed/,
    ],
  ])("%s", async (_, files, message) => {
    await expect(read(...Object.entries(files).map(([path, content]) => file(path, content)))).rejects.toThrow(message);
  });
});

test.skipIf(!hasShared)("the configuration beside a published vit-pytorch file is that of its weights", async () => {
  const folder = (name: string) => file(`vit/${name}`, sharedBytes(`vit-mnist/vit_mnist_gpu/${name}`));
  const { config } = await read(folder("config.json"), folder("model.safetensors"));
  expect(config).toMatchObject({ heads: 4, depth: 6, activation: "relu", eps: 1e-5, width: 64 });
});
