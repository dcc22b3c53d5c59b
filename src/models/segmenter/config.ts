/**
 * The configuration of a Segmenter: a plain ViT without head as encoder, and one of two decoders; the name and shape of every
 * weight, fresh weights and small presets.
 *
 * Names are those of the original code (rstrudel/segmenter); see names.ts for files. Letters: B batch, N patches, D width of the
 * encoder, d width of the decoder, K classes.
 *
 * Source: Strudel et al., "Segmenter: Transformer for Semantic Segmentation", ICCV 2021.
 */
import { shown } from "../../engine/errors";
import { normal } from "../../engine/random";
import { blockShapes, checkConfig, initial, linearShapes, normShapes, type ViTConfig, vitShapes } from "../vit/config";
import { checkTensors, elements, INIT_STREAM, type Shapes, type Weights, WeightsError } from "../weights";
import { DECODERS } from "./decoders";

/** The mask transformer: class tokens join the patches in a few more blocks; a class's mask is its cosine similarity to every patch. */
export interface MaskDecoder {
  kind: "mask";
  /** Token width d. */
  width: number;
  /** Number of blocks; 2 in the paper. */
  depth: number;
  /** Attention heads; they divide `width`. */
  heads: number;
  /** Hidden width of the MLP. */
  mlp: number;
}

export interface SegmenterConfig {
  /** Without head: its `classes` are 0. */
  encoder: ViTConfig;
  /** Classes K of pixels, background among them where there is one: 2 to 255. */
  classes: number;
  decoder: { kind: "linear" } | MaskDecoder;
}

/** Labels are bytes, and 255 is no class. */
const MOST_CLASSES = 255;
/** No real configuration has larger numbers than these; a file with them would only take time and memory. */
const LARGEST = { image: 8192, patch: 1024, channels: 64, width: 65_536, depth: 1000, heads: 1000, headDim: 65_536, mlp: 1_000_000 };

/** Patches along a side of the image. */
export function gridSide({ encoder }: SegmenterConfig): number {
  return encoder.image / encoder.patch;
}

/** The mask decoder's blocks as those of a ViT; what is not named here is as in the encoder. */
export function decoderBlocks({ encoder }: SegmenterConfig, { width, depth, heads, mlp }: MaskDecoder): ViTConfig {
  return { ...encoder, width, depth, heads, headDim: width / heads, mlp, qkvBias: true, projBias: true };
}

/** Every parameter name of a configuration with its shape. Throws as `checkSegmenter` does. */
export function segmenterShapes(config: SegmenterConfig): Map<string, number[]> {
  checkSegmenter(config);
  const encoder = [...vitShapes(config.encoder)].map(([name, shape]): Shapes[number] => [`encoder.${name}`, shape]);
  const { decoder, classes } = config;
  const head = decoder.kind === "mask" ? maskShapes(config, decoder) : linearShapes("decoder.head", config.encoder.width, classes);
  return new Map([...encoder, ...head]);
}

function maskShapes(config: SegmenterConfig, decoder: MaskDecoder): Shapes {
  const { width, depth } = decoder;
  const blocks = decoderBlocks(config, decoder);
  return [
    ...linearShapes("decoder.proj_dec", config.encoder.width, width),
    ["decoder.cls_emb", [1, config.classes, width]],
    ...Array.from({ length: depth }, (_, i) => blockShapes(blocks, `decoder.blocks.${i}`)).flat(),
    ...normShapes("decoder.decoder_norm", width),
    ["decoder.proj_patch", [width, width]],
    ["decoder.proj_classes", [width, width]],
    ...normShapes("decoder.mask_norm", config.classes),
  ];
}

/** Throws a WeightsError naming the first dimension that is not possible, of any configuration, also one from a file. `name` says whose it is. */
export function checkSegmenter(config: SegmenterConfig, name = "segmenter"): void {
  const { encoder, decoder, classes } = config ?? {};
  if (!isObject(encoder) || !isObject(decoder)) refuse(name, "the encoder or the decoder is not described", "Use a complete file.");
  requireWhole(name, "classes", classes, 2, MOST_CLASSES);
  checkEncoder(encoder, name);
  requireOneOf(name, "decoder kind", decoder.kind, DECODERS);
  if (decoder.kind === "mask") checkMaskDecoder(decoder, name);
}

function checkEncoder(encoder: ViTConfig, name: string): void {
  for (const [key, most] of Object.entries(LARGEST)) requireWhole(name, `encoder ${key}`, encoder[key as keyof typeof LARGEST], 0, most);
  requireWhole(name, "encoder classes", encoder.classes, 0, 0);
  for (const key of ["qkvBias", "projBias"] as const) requireOneOf(name, `encoder ${key}`, encoder[key], [true, false]);
  requireOneOf(name, "encoder family", encoder.family, [undefined]);
  requireOneOf(name, "encoder activation", encoder.activation, ["gelu", "relu"]);
  if (typeof encoder.eps !== "number" || encoder.eps >= 1)
    refuse(name, `encoder eps is ${shown(encoder.eps)}`, "It has to be a small positive number, usually 1e-6.");
  checkConfig(encoder, `${name}: encoder`);
}

function checkMaskDecoder(decoder: MaskDecoder, name: string): void {
  for (const key of ["width", "depth", "heads", "mlp"] as const) requireWhole(name, `decoder ${key}`, decoder[key], 1, LARGEST[key]);
  if (decoder.width % decoder.heads !== 0)
    refuse(name, `${decoder.heads} decoder heads do not divide a width of ${decoder.width}`, "Choose a number of heads that does.");
}

function refuse(name: string, what: string, remedy: string): void {
  throw new WeightsError(`${name}: ${what}.`, remedy);
}

function requireWhole(name: string, key: string, value: unknown, least: number, most: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const range = least === most ? `${least}` : `a whole number from ${least} to ${most}`;
  refuse(name, `${key} is ${shown(value)}`, `It has to be ${range}.`);
}

function requireOneOf(name: string, key: string, value: unknown, choices: readonly unknown[]): void {
  if (!choices.includes(value)) refuse(name, `${key} is ${shown(value)}`, `It has to be one of ${choices.join(", ")}.`);
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

/** Throws a WeightsError unless `weights` holds exactly the tensors of `config`, each of the right shape and all finite. */
export function checkSegmenterWeights(config: SegmenterConfig, weights: Weights, name = "weights"): void {
  checkTensors(segmenterShapes(config), weights, name, "Use a Segmenter of the same kind and size, or correct the configuration.");
}

/**
 * Fresh weights: those of a ViT, the class tokens like its own, and the projections before the similarity from N(0, 1 / d), as the
 * original code draws them. The same seed gives the same weights. Throws as `checkSegmenter` does.
 */
export function initSegmenter(config: SegmenterConfig, seed: number): Weights {
  const shapes = [...segmenterShapes(config)];
  return new Map(shapes.map(([name, shape], stream) => [name, { shape, data: fresh(name, shape, seed, INIT_STREAM + stream) }]));
}

function fresh(name: string, shape: number[], seed: number, stream: number): Float32Array {
  if (!/\.proj_(patch|classes)$/.test(name)) return initial(name, shape, seed, stream);
  return Float32Array.from({ length: elements(shape) }, (_, i) => normal(seed, stream, 0, i) / Math.sqrt(shape[0]));
}

/** Sizes for small images that a software adapter trains too: a student, and a teacher wider and deeper. */
const SIZES = {
  student: { width: 48, depth: 4, heads: 3 },
  teacher: { width: 96, depth: 6, heads: 3 },
} as const;

/** A Segmenter for images of 64 pixels or so in patches of 8, its decoder as wide as its encoder. */
export function smallSegmenter(kind: (typeof DECODERS)[number], size: keyof typeof SIZES, classes: number, image = 64): SegmenterConfig {
  const { width, depth, heads } = SIZES[size];
  const shared = { width, heads, mlp: 4 * width };
  const plain = { image, patch: 8, channels: 3, classes: 0, activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 } as const;
  const encoder = { ...plain, ...shared, depth, headDim: width / heads };
  return { encoder, classes, decoder: kind === "mask" ? { kind, ...shared, depth: 2 } : { kind } };
}
