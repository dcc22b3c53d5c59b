/**
 * The configuration of a YOLOS: a plain ViT without head in which M detection tokens follow the patches, and two heads of three layers
 * that read those tokens; the name and shape of every weight, and fresh weights.
 *
 * Names are those of the original code (hustvl/YOLOS), but for the positions of the detection tokens, which there are the last rows of
 * `pos_embed`; see names.ts for files. Letters: B batch, N patches, D width, M detection tokens, K classes.
 *
 * Source: Fang et al., "You Only Look at One Sequence: Rethinking Transformer in Vision through Object Detection", NeurIPS 2021.
 */
import { shown } from "../../engine/errors";
import { uniform } from "../../engine/random";
import { checkConfig, initial, linearShapes, type ViTConfig, vitShapes } from "../vit/config";
import { checkTensors, elements, INIT_STREAM, type Shapes, type Weights, WeightsError } from "../weights";

export interface YolosConfig {
  /** Without head: its `classes` are 0. A plain ViT. */
  encoder: ViTConfig;
  /** Detection tokens M: at most so many objects are found in an image. */
  tokens: number;
  /** Classes K of objects; the head tells one more apart, "no object". */
  classes: number;
}

/** No real configuration has larger numbers than these; a file with them would only take time and memory. */
const LARGEST = { image: 8192, patch: 1024, channels: 64, width: 65_536, depth: 1000, heads: 1000, headDim: 65_536, mlp: 1_000_000 };
const MOST_TOKENS = 300;
const MOST_CLASSES = 10_000;
/** Layers of either head. */
export const HEAD_LAYERS = 3;

/** Every parameter name of a configuration with its shape. Throws as `checkYolos` does. */
export function yolosShapes(config: YolosConfig): Map<string, number[]> {
  checkYolos(config);
  const { encoder, tokens, classes } = config;
  const { width } = encoder;
  return new Map([
    ...[...vitShapes(encoder)].map(([name, shape]): Shapes[number] => [`backbone.${name}`, shape]),
    ["backbone.det_token", [1, tokens, width]],
    ["backbone.det_pos", [1, tokens, width]],
    ...headShapes("class_embed", width, classes + 1),
    ...headShapes("bbox_embed", width, 4),
  ]);
}

function headShapes(name: string, width: number, outputs: number): Shapes {
  const layers = Array.from({ length: HEAD_LAYERS }, (_, i) =>
    linearShapes(`${name}.layers.${i}`, width, i < HEAD_LAYERS - 1 ? width : outputs),
  );
  return layers.flat();
}

/** Throws a WeightsError naming the first dimension that is not possible, of any configuration, also one from a file. `name` says whose it is. */
export function checkYolos(config: YolosConfig, name = "model"): void {
  const { encoder, tokens, classes } = config ?? {};
  if (typeof encoder !== "object" || encoder === null) refuse(name, "the encoder is not described", "Use a complete file.");
  requireWhole(name, "tokens", tokens, 1, MOST_TOKENS);
  requireWhole(name, "classes", classes, 1, MOST_CLASSES);
  for (const [key, most] of Object.entries(LARGEST)) requireWhole(name, `encoder ${key}`, encoder[key as keyof typeof LARGEST], 0, most);
  requireWhole(name, "encoder classes", encoder.classes, 0, 0);
  if (encoder.family !== undefined) refuse(name, `encoder family is ${shown(encoder.family)}`, "It has to be a plain ViT.");
  if (!["gelu", "relu"].includes(encoder.activation))
    refuse(name, `encoder activation is ${shown(encoder.activation)}`, "It has to be gelu or relu.");
  if (typeof encoder.eps !== "number" || encoder.eps >= 1)
    refuse(name, `encoder eps is ${shown(encoder.eps)}`, "It has to be a small positive number, usually 1e-6.");
  checkConfig(encoder, `${name}: encoder`);
}

function refuse(name: string, what: string, remedy: string): never {
  throw new WeightsError(`${name}: ${what}.`, remedy);
}

function requireWhole(name: string, key: string, value: unknown, least: number, most: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const range = least === most ? `${least}` : `a whole number from ${least} to ${most}`;
  refuse(name, `${key} is ${shown(value)}`, `It has to be ${range}.`);
}

/** Throws a WeightsError unless `weights` holds exactly the tensors of `config`, each of the right shape and all finite. */
export function checkYolosWeights(config: YolosConfig, weights: Weights, name = "weights"): void {
  checkTensors(yolosShapes(config), weights, name, "Use a YOLOS of the same size, or correct the configuration.");
}

/**
 * Fresh weights: those of a ViT, the detection tokens and their positions like its embeddings, the heads' layers uniform within
 * 1 / sqrt(D) as PyTorch draws linear layers, but with biases of 0. The same seed gives the same weights. Throws as `checkYolos` does.
 */
export function initYolos(config: YolosConfig, seed: number): Weights {
  const shapes = [...yolosShapes(config)];
  return new Map(shapes.map(([name, shape], stream) => [name, { shape, data: fresh(name, shape, seed, INIT_STREAM + stream) }]));
}

function fresh(name: string, shape: number[], seed: number, stream: number): Float32Array {
  if (!/^(class|bbox)_embed\..*\.weight$/.test(name)) return initial(name, shape, seed, stream);
  const within = 1 / Math.sqrt(shape[1]);
  return Float32Array.from({ length: elements(shape) }, (_, i) => within * (2 * uniform(seed, stream, 0, i) - 1));
}
