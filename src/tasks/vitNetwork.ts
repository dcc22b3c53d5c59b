/** A trained ViT as a file, in and out. */
import type { Dataset, Moments } from "../data/dataset";
import { digest } from "../data/digest";
import { momentsIn, namesIn, parsed, scoreIn } from "../models/metadata";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import type { ViTConfig } from "../models/vit/config";
import { assertTold } from "../models/vit/hub";
import { detectLayout, inferViT, LAYOUT_ACTIVATION, LAYOUT_EPS, type Layout, type Oblong, timmNames, toTimm } from "../models/vit/names";
import { vitOnnx } from "../models/vit/onnxGraph";
import { type Weights, WeightsError } from "../models/weights";
import { counted } from "./counts";
import type { ImportHints } from "./task";

/** A trained network and what its file says of it. */
export interface Network {
  /** Identifies this network by its file's content. */
  id: string;
  /** What people call it. */
  name: string;
  weights: Weights;
  config: ViTConfig;
  /** What its outputs stand for, in order. */
  classes?: string[];
  /** By names of the data's classes, what it calls them. */
  aliases?: Record<string, string>;
  /** With which its images were normalised. */
  moments?: Moments;
  /** Share of held-out images it classified right when it was written. */
  score?: number;
}

/** Width of a head in DeiT and ViT, from which the number of heads follows where it is not known. */
const USUAL_HEAD = 64;

/** Reads a classifier that `writeNetwork`, timm, Hugging Face or vit-pytorch wrote. Rejects with an EngineError what is none. */
export async function readNetwork(bytes: Uint8Array, name: string, hints: ImportHints = {}): Promise<Network> {
  const tensors = readSafetensors(bytes, name);
  const own = readSafetensorsMetadata(bytes, name);
  const weights = toTimm(tensors, name);
  const config = configOf(weights, own, hints, detectLayout(tensors, name), name);
  assertTold(hints, config, weights, name);
  const { mean, std, top1 } = own;
  const told = mean && std ? momentsIn({ mean: numbers(mean), std: numbers(std) }, config.channels, name) : undefined;
  const moments = hints.moments ? momentsIn(hints.moments, config.channels, name) : told;
  // A network without a head tells no classes apart.
  const named = own.classes && config.classes > 0 ? namesIn(names(own.classes, name), config.classes, name) : undefined;
  const classes = hints.classes ? namesIn(hints.classes, hints.classes.length, name) : named;
  const { aliases } = hints;
  return {
    ...{ id: await digest([bytes]), name, weights, config, ...(classes && { classes }), ...(aliases && { aliases }) },
    ...(moments && { moments }),
    ...(top1 && { score: scoreIn(top1, "top-1 accuracy", name) }),
  };
}

/** The configuration of weights: what their shapes leave open is said by a person or a file beside them, by their own file, or is usual. */
function configOf(weights: Weights, own: Record<string, string>, hints: ImportHints, layout: Layout, name: string): ViTConfig {
  const heads = hints.heads ?? (Number(own.heads) || usualHeads(weights, name));
  const eps = hints.eps ?? (Number(own.eps) || LAYOUT_EPS[layout]);
  const usual = own.activation === "quick_gelu" ? own.activation : LAYOUT_ACTIVATION[layout];
  const cut = hints.cut ?? (own.cut ? cutOf(own.cut, name) : undefined);
  return inferViT(weights, heads, name, { eps, activation: hints.activation ?? usual, cut });
}

/** A classifier as safetensors under timm's names; the rest that a reader must know is in the file's metadata, with what is `more` there. */
export function writeNetwork(
  network: Pick<Network, "weights" | "config" | "score">,
  dataset: Pick<Dataset, "name" | "classes" | "moments">,
  more: Record<string, string> = {},
): Uint8Array {
  const { weights, config, score } = network;
  const { mean, std } = dataset.moments;
  return writeSafetensors(timmNames(weights, config), {
    ...{ format: "pt", heads: String(config.heads), eps: String(config.eps), data: dataset.name },
    // A network without a head answers with no classes.
    ...(config.classes > 0 && { classes: JSON.stringify(dataset.classes) }),
    ...(config.activation !== "gelu" && { activation: config.activation }),
    ...(isOblong(config) && { cut: [config.image, config.columns ?? config.image, config.stride ?? config.patch].join(",") }),
    ...{ mean: mean.join(","), std: std.join(","), ...(score !== undefined && { top1: score.toFixed(4) }) },
    ...more,
  });
}

/** The same network as an ONNX file that takes pixels from 0 to 1, or what the data hold instead, and names its classes in its metadata. */
export function writeOnnx(
  { weights, config }: Pick<Network, "weights" | "config">,
  dataset: Pick<Dataset, "name" | "classes" | "moments">,
): Uint8Array {
  const words = { data: dataset.name, ...(config.classes > 0 && { classes: JSON.stringify(dataset.classes) }) };
  return vitOnnx(config, weights, dataset.moments, words);
}

/** Whether shapes alone do not tell how a network cuts its pictures. */
const isOblong = ({ columns, stride }: ViTConfig) => columns !== undefined || stride !== undefined;

/** Rows, columns and distance of patches, as `writeNetwork` notes them. */
function cutOf(told: string, name: string): Oblong {
  const [image, columns, stride] = numbers(told);
  if ([image, columns, stride].every(Number.isSafeInteger)) return { image, columns, stride };
  throw new WeightsError(`${name} says that its pictures are cut by "${told}", which are no three whole numbers.`, "Write it again.");
}

/** For people. */
export const describeViT = ({ width, depth, heads }: ViTConfig) =>
  `ViT, width ${width}, ${counted(depth, "block")}, ${counted(heads, "head")}`;

function usualHeads(weights: Weights, name: string): number {
  const talking = weights.get("blocks.0.attn.proj_l.weight");
  if (talking) return talking.shape[0];
  const inner = (weights.get("blocks.0.attn.qkv.weight")?.shape[0] ?? 0) / 3;
  if (inner > 0 && inner % USUAL_HEAD === 0) return inner / USUAL_HEAD;
  throw new WeightsError(`${name} does not say how many attention heads its blocks have.`, "Give their number.");
}

const numbers = (list: string) => list.split(",").map(Number);

/** A JSON list, or names with commas between as older files have them. */
function names(list: string, name: string): unknown {
  return list.startsWith("[") ? parsed(list, "classes", "classifier", name) : list.split(",");
}
