/** Files of weights: whole ones of tiny networks and runs, with header, metadata or bytes changed. */
import { type DetectorConfig, smallDetector } from "../models/detector/config";
import { initDetector } from "../models/detector/init";
import { toTorch } from "../models/detector/names";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import { initSegmenter, smallSegmenter } from "../models/segmenter/config";
import { toOriginal } from "../models/segmenter/names";
import { backboneOf } from "../models/spark";
import { initViT, type ViTConfig } from "../models/vit/config";
import type { Weights } from "../models/weights";
import { initYolos } from "../models/yolos/config";
import { toOriginal as yolosNames } from "../models/yolos/names";
import { SCHEMA } from "../tasks";
import { writeResnet } from "../tasks/resnetFile";
import { writeCheckpoint } from "../train/checkpoint";
import type { Draws } from "./draws";
import { mutatedBytes } from "./mutate.bytes";
import { mutatedJson } from "./mutate.json";
import { mutatedText } from "./mutate.text";
import { NUMBERS, TEXTS } from "./odd";

const MOMENTS = { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };
const PLAIN = { image: 8, patch: 4, channels: 3, width: 8, heads: 2, headDim: 4, mlp: 8, qkvBias: true, projBias: true, eps: 1e-6 };
const VIT: ViTConfig = { ...PLAIN, classes: 2, depth: 1, activation: "gelu" };

const kept = new Map<string, Uint8Array>();

/** A file that is made once. */
function once(name: string, make: () => Uint8Array): Uint8Array {
  if (!kept.has(name)) kept.set(name, make());
  return kept.get(name)!;
}

const vit = () => {
  const moments = { mean: MOMENTS.mean.join(), std: MOMENTS.std.join() };
  return writeSafetensors(initViT(VIT, 1), { format: "pt", heads: "2", classes: '["cat","dog"]', top1: "0.5", data: "x", ...moments });
};

const detector = (own: Partial<DetectorConfig> = {}) => {
  const config: DetectorConfig = { ...smallDetector("gfl", "student", 2, 32), width: 4, channels: 4, ...own };
  const told = { detector: JSON.stringify(config), classes: '["cat","dog"]', moments: JSON.stringify(MOMENTS), map: "0.5" };
  return writeSafetensors(toTorch(initDetector(config, 1)), { format: "pt", ...told });
};

/** Detectors of every kind of backbone, and what a backbone alone may be. */
const BEGINNINGS: Record<string, () => Uint8Array> = {
  plain: () => detector({ plain: { width: 8, depth: 2, heads: 2, window: 1, globals: 1, relative: true } }),
  retinanet: () => detector({ kind: "retinanet", norm: "bn" }),
  resnext: () => detector({ kind: "atss", block: "bottleneck", cardinality: 2, groupWidth: 4 }),
  fcos: () => detector({ kind: "fcos" }),
  vit: () => {
    const sizes = { image: 32, patch: 16, mlp: 32 };
    return writeSafetensors(initViT({ ...VIT, ...sizes }, 1), {
      heads: "2",
      classes: '["cat","dog"]',
      mean: "0.5,0.5,0.5",
      std: "0.2,0.2,0.2",
    });
  },
  resnet: () => resnet(),
};

const resnet = () => {
  const config = { ...smallDetector("gfl", "student", 1, 32), width: 4 };
  const weights = backboneOf(initDetector(config, 1), config);
  return writeResnet({ weights, config, moments: MOMENTS }, "x", 0.5);
};

const segmenter = () => {
  const small = smallSegmenter("mask", "student", 2, 8);
  const shared = { width: 8, heads: 2, mlp: 8 };
  const config = {
    ...small,
    encoder: { ...small.encoder, ...shared, headDim: 4, depth: 1 },
    decoder: { kind: "mask" as const, ...shared, depth: 1 },
  };
  const told = { segmenter: JSON.stringify(config), classes: '["cat","dog"]', moments: JSON.stringify(MOMENTS), miou: "0.5" };
  return writeSafetensors(toOriginal(initSegmenter(config, 1)), { format: "pt", ...told });
};

const yolos = () => {
  const { encoder } = smallSegmenter("linear", "student", 2, 8);
  const config = { encoder: { ...encoder, width: 8, heads: 2, mlp: 8, headDim: 4, depth: 1 }, tokens: 2, classes: 2 };
  const told = { yolos: JSON.stringify(config), classes: '["cat","dog"]', moments: JSON.stringify(MOMENTS), map: "0.5" };
  return writeSafetensors(yolosNames(initYolos(config, 1)), { format: "pt", ...told });
};

const answers = () => {
  const rows = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const told = { format: "masked-distillation-answers-1", data: "scenes-1", data_name: "Scenes", classes: '["cat","dog"]' };
  return writeSafetensors(new Map(Object.entries({ logits: rows, heldout: rows })), told);
};

const checkpoint = (preset: string) => () => {
  const weights: Weights = initViT(VIT, 1);
  const settings = SCHEMA.defaults(preset);
  return writeCheckpoint({
    ...{ settings, given: [], step: 3, changes: [{ step: 1, key: "lr", from: 0.001, to: 0.002 }], weights, carried: weights },
    ...{
      dataset: { id: "scenes-1", name: "Scenes" },
      teacher: { id: "t", name: "T" },
      extras: new Map([["x", { shape: [2], data: new Float32Array(2) }]]),
    },
    optimizer: { step: 3, first: new Float32Array(16), second: new Float32Array(16) },
  });
};

export const someViT = (draws: Draws) => changed(once("vit", vit), draws);
export const someDetector = (draws: Draws) =>
  changed(
    once("detector", () => detector()),
    draws,
  );
export function someBeginning(draws: Draws): Uint8Array {
  const kind = draws.pick(Object.keys(BEGINNINGS));
  const file = once(`begins ${kind}`, BEGINNINGS[kind]);
  return draws.chance(0.1) ? file : changed(file, draws);
}
export const someResnet = (draws: Draws) => changed(once("resnet", resnet), draws);
export const someSegmenter = (draws: Draws) => changed(once("segmenter", segmenter), draws);
export const someYolosNetwork = (draws: Draws) => changed(once("yolos", yolos), draws);
export const someAnswers = (draws: Draws) => changed(once("answers", answers), draws);
export const someTensors = (draws: Draws) => changed(once("vit", vit), draws);

export const wholeCheckpoint = (): Uint8Array => once("run maskedkd", checkpoint("maskedkd"));

export function someCheckpoint(draws: Draws): Uint8Array {
  const preset = draws.pick(SCHEMA.presets);
  return changed(once(`run ${preset}`, checkpoint(preset)), draws);
}

/** The file with its metadata changed, most often; or its header, its values, or any bytes. */
function changed(file: Uint8Array, draws: Draws): Uint8Array {
  const kind = draws.below(10);
  if (kind < 5) return withMetadata(file, draws);
  if (kind < 7) return withHeader(file, draws);
  if (kind < 8) return withValues(file, draws);
  return mutatedBytes(file, draws);
}

/** One of the strings: as JSON of which a value is changed where it is JSON, else as text. */
function withMetadata(file: Uint8Array, draws: Draws): Uint8Array {
  const metadata = readSafetensorsMetadata(file);
  const key = draws.pick(Object.keys(metadata));
  const value = draws.chance(0.1) ? draws.pick([...NUMBERS, ...TEXTS]) : oddValue(metadata[key], draws);
  return writeSafetensors(readSafetensors(file) as Weights, { ...metadata, [key]: value });
}

function oddValue(text: string, draws: Draws): string {
  return /^[[{]/.test(text) && draws.chance(0.8) ? mutatedJson(JSON.parse(text), draws) : mutatedText(text, draws);
}

function withHeader(file: Uint8Array, draws: Draws): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const text = new TextEncoder().encode(mutatedJson(header, draws));
  const out = new Uint8Array(8 + text.length + file.length - 8 - length);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  out.set(file.subarray(8 + length), 8 + text.length);
  return out;
}

/** A value of a tensor that is none, or a tensor of another shape or name. */
function withValues(file: Uint8Array, draws: Draws): Uint8Array {
  const tensors = new Map(readSafetensors(file)) as Weights;
  const name = draws.pick([...tensors.keys()]);
  const { shape, data } = tensors.get(name)!;
  const kind = draws.below(8);
  if (kind < 4) data[draws.below(data.length)] = draws.pick([Number.NaN, Number.POSITIVE_INFINITY, 3e38, -1]);
  else if (kind < 5) tensors.set(name, { shape: [1, ...shape], data });
  else if (kind < 6) tensors.set(name, { shape: [data.length], data: new Int32Array(data.length) as never });
  else tensors.delete(name);
  if (kind === 7) tensors.set(name + draws.pick(TEXTS), { shape, data });
  return writeSafetensors(tensors, readSafetensorsMetadata(file));
}
