/**
 * What lies beside weights in a folder of Hugging Face or timm: `config.json` says how the network computes and what its outputs are
 * called, `preprocessor_config.json` how its images were normalised. Nothing of it is in the tensors.
 */
import type { Activation } from "../../ops/product";
import { type Weights, WeightsError } from "../weights";
import type { ViTConfig } from "./config";
import type { Oblong } from "./names";

/** What such files may say. */
export interface Told {
  heads?: number;
  /** Added to the variance in every LayerNorm. */
  eps?: number;
  activation?: Activation;
  /** Names of the outputs, in order. */
  classes?: string[];
  /** Of each channel of pixels from 0 to 1. */
  moments?: { mean: number[]; std: number[] };
  /** How spectrograms are cut: bands, frames, and from one patch to the next. */
  cut?: Oblong;
  /** Sizes that the weights have to have, each with the name it has in its file. */
  sizes?: Size[];
}

type Size = [of: "image" | "patch" | "width" | "depth" | "mlp", key: string, value: number];

/** A file beside the weights. */
export interface ConfigFile {
  name: string;
  text: string;
}

type Json = Record<string, unknown>;

/** What the files say together. Throws a WeightsError that names the file with what is not JSON or not computed here. */
export function readConfigs(files: readonly ConfigFile[]): Told {
  return Object.assign({}, ...files.map(readConfig));
}

function readConfig({ name, text }: ConfigFile): Told {
  const json = parsed(name, text);
  if ("image_mean" in json || "image_std" in json) return { moments: normalisation(json) };
  if ("feature_extractor_type" in json) return { moments: ofSounds(json) };
  return defined("pretrained_cfg" in json || "architecture" in json ? ofTimm(json) : ofTransformers(json, name));
}

/** How transformers' image processors normalise. */
function normalisation({ do_normalize, image_mean, image_std }: Json): Told["moments"] {
  if (do_normalize === false) return { mean: [0, 0, 0], std: [1, 1, 1] };
  const [mean, std] = [numbers(image_mean), numbers(image_std)];
  return mean && std && { mean, std };
}

/** How transformers' AST normalises: by twice the deviation. */
function ofSounds({ do_normalize, mean, std }: Json): Told["moments"] {
  if (do_normalize === false) return { mean: [0], std: [1] };
  return typeof mean === "number" && typeof std === "number" ? { mean: [mean], std: [2 * std] } : undefined;
}

/** How transformers' AST cuts spectrograms. Throws a WeightsError for steps that differ between bands and frames. */
function spectrograms({ num_mel_bins, max_length, frequency_stride, time_stride }: Json, name: string): Oblong | undefined {
  const [image, columns, stride] = [num_mel_bins, max_length, frequency_stride].map(count);
  if (image === undefined || columns === undefined || stride === undefined) return undefined;
  if (time_stride === frequency_stride) return { image, columns, stride };
  throw new WeightsError(
    `${name}: patches ${stride} bands and ${time_stride} frames apart are not computed here.`,
    "Use the same step for both.",
  );
}

const ACTIVATIONS: Record<string, Activation> = { gelu: "gelu", gelu_python: "gelu", quick_gelu: "quick_gelu", relu: "relu" };

/** A configuration of transformers; of a network of images and texts the part of images. vit-pytorch's words are understood, too. */
function ofTransformers(all: Json, name: string): Told {
  const json = { ...all, ...(all.vision_config as Json | undefined) };
  const act = json.hidden_act ?? json.mlp_activation;
  if (typeof act === "string" && !(act in ACTIVATIONS))
    throw new WeightsError(
      `${name}: the activation "${act}" is not computed here.`,
      `Use a network with ${Object.keys(ACTIVATIONS).join(", ")}.`,
    );
  return {
    heads: count(json.num_attention_heads ?? json.heads),
    eps: count(json.layer_norm_eps),
    activation: typeof act === "string" ? ACTIVATIONS[act] : undefined,
    classes: labelled(json.id2label as Record<string, string> | undefined),
    cut: spectrograms(json, name),
    sizes: sizesIn(json, {
      ...{ image_size: "image", patch_size: "patch", hidden_size: "width", dim: "width" },
      ...{ num_hidden_layers: "depth", depth: "depth", intermediate_size: "mlp", mlp_dim: "mlp" },
    }),
  };
}

/** LayerNorm's own eps in PyTorch, which timm's CLIP towers keep; its other networks have 1e-6. */
const TORCH_EPS = 1e-5;

/** A configuration of timm. */
function ofTimm(json: Json): Told {
  const { mean, std } = { ...json, ...(json.pretrained_cfg as Json | undefined) };
  const [means, stds] = [numbers(mean), numbers(std)];
  const model = { ...(json.model_args as Json | undefined) };
  const architecture = worded(json.architecture);
  const names = (json.label_names ?? (json.pretrained_cfg as Json | undefined)?.label_names) as string[] | undefined;
  const described = (json.label_descriptions ?? {}) as Record<string, string>;
  return {
    heads: count(model.num_heads),
    eps: /_clip_/.test(architecture) ? TORCH_EPS : undefined,
    activation: /quickgelu/.test(architecture) ? "quick_gelu" : undefined,
    classes: Array.isArray(names) ? names.map((one) => described[one] ?? one) : undefined,
    moments: means && stds && { mean: means, std: stds },
    sizes: sizesIn(
      { ...json, ...model },
      { num_features: "width", embed_dim: "width", depth: "depth", img_size: "image", patch_size: "patch" },
    ),
  };
}

/** Names by number, unless they are those that transformers makes up. */
function labelled(labels: Record<string, string> | undefined): string[] | undefined {
  const names = Object.entries(labels ?? {}).sort(([a], [b]) => Number(a) - Number(b));
  return names.length === 0 || names.every(([i, name]) => name === `LABEL_${i}`) ? undefined : names.map(([, name]) => worded(name));
}

/** Lists in lists without end cannot be written as words; what is no word is no name. */
const worded = (value: unknown): string => (["string", "number"].includes(typeof value) ? String(value) : "");

const count = (value: unknown): number | undefined => (typeof value === "number" && value > 0 ? value : undefined);
const numbers = (list: unknown): number[] | undefined =>
  Array.isArray(list) && list.length > 0 && list.every((v) => typeof v === "number") ? list : undefined;
const defined = (told: Told): Told => Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));

const sizesIn = (json: Json, keys: Record<string, Size[0]>): Size[] =>
  Object.entries(keys).flatMap(([key, of]): Size[] => (typeof json[key] === "number" ? [[of, key, json[key]]] : []));

function parsed(name: string, text: string): Json {
  try {
    const json: unknown = JSON.parse(text);
    if (json && typeof json === "object" && !Array.isArray(json)) return json as Json;
  } catch {
    // Reported below, like a list or a number.
  }
  throw new WeightsError(`${name} is no JSON object.`, "Repair it, or take it away: without it the weights are read as usual.");
}

/** Throws a WeightsError where the files speak of another network than the weights are. */
export function assertTold({ sizes = [], classes }: Told, config: ViTConfig, weights: Weights, name: string): void {
  const remedy = "Use the config.json that belongs to these weights.";
  for (const [of, key, value] of sizes)
    if (config[of] !== value)
      throw new WeightsError(`${name}: its configuration says ${key} ${value}, but the weights have ${config[of]}.`, remedy);
  const rows = weights.get("head.weight")?.shape[0];
  if (classes && rows !== undefined && rows !== classes.length)
    throw new WeightsError(`${name}: its configuration names ${classes.length} classes, but its head has ${rows}.`, remedy);
}
