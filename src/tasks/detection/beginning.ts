/**
 * A student whose features begin as those of a file: ViTDet as a plain vision transformer, such as MAE's encoder (Table 3 of MKD's appendix), a
 * ResNet as one that masked modelling made (Table 2), all of it as a detector, or its backbone and neck where the student is of another kind or
 * learns other classes.
 */
import type { DetectionSet } from "../../data/detection";
import { digest } from "../../data/digest";
import { EngineError } from "../../engine/errors";
import { backboneShapes, type DetectorConfig, smallDetector } from "../../models/detector/config";
import { initDetector } from "../../models/detector/init";
import { fromTorch, toTorch } from "../../models/detector/names";
import { PATCH, type PlainBackbone, plainShapes } from "../../models/detector/plain";
import type { Weight, Weights } from "../../models/weights";
import type { Settings } from "../../settings/run";
import { sameNames } from "../names";
import { readResnet } from "../resnetFile";
import { EMBEDDING, suited } from "../suited";
import { type Network, readNetwork } from "../vitNetwork";
import type { DetectorNetwork } from "./network";
import { GROUP_WIDTH, SETTINGS } from "./settings";

const CARDINALITIES: readonly string[] = SETTINGS.cardinality.options;

/**
 * A vision transformer's file as a detector that has yet to find anything: ViTDet under a fresh neck and head. No data has its classes, so it
 * is no teacher. Its positions give way to ViTDet's fixed ones, which are MAE's. Rejects with an EngineError what is no plain ViT of such patches.
 */
export async function fromVit(bytes: Uint8Array, name: string): Promise<DetectorNetwork> {
  const vit = await readNetwork(bytes, name);
  const { family, patch, channels, width, depth, heads, mlp, image, activation } = vit.config;
  const plain = family === undefined && channels === 3 && mlp === 4 * width && activation === "gelu";
  if (!plain) throw new EngineError(`${name} is no plain vision transformer.`, "Begin as one, such as those that preset=mim writes.");
  if (patch !== PATCH || image % (2 * PATCH) !== 0)
    throw new EngineError(
      `${name} has patches of ${patch} pixels in images of ${image}; ViTDet has ${PATCH} and images of a multiple of ${2 * PATCH}.`,
      `Train one with patch=${PATCH}.`,
    );
  const config: DetectorConfig = {
    ...smallDetector("gfl", "student", 1, image),
    plain: { width, depth, heads, window: 1, globals: depth },
  };
  const backbone = fromTorch(new Map([...vit.weights].map(([key, weight]) => [`backbone.${key}`, weight])));
  const weights: Weights = new Map([...initDetector(config, 0)].map(([key, fresh]) => [key, backbone.get(key) ?? fresh]));
  return { id: vit.id, name, weights, config, classes: [], moments: vit.moments ?? { mean: [], std: [] }, begins: true };
}

/** A file of a ResNet alone as a detector that has yet to find anything. Throws an EngineError for what is none, or none that a student can be. */
export async function fromResnet(bytes: Uint8Array, name: string): Promise<DetectorNetwork> {
  const { config, weights: backbone, moments } = readResnet(bytes, name);
  const { blocks, stem, groupWidth, cardinality } = config;
  const usual = blocks.every((count) => count === blocks[0]) && stem === 3 && (groupWidth ?? GROUP_WIDTH) === GROUP_WIDTH;
  if (!usual || (cardinality !== undefined && !CARDINALITIES.includes(String(cardinality))))
    throw new EngineError(
      `${name} is no ResNet that a student can be: its stages have ${blocks.join(", ")} blocks, its stem a kernel of ${stem}.`,
      "Begin as one that preset=mim writes.",
    );
  const weights: Weights = new Map([...initDetector(config, 0), ...backbone]);
  return { id: await digest([bytes]), name, weights, config, classes: [], moments, begins: true };
}

/** A student's fresh weights with what it takes over of `start`. Throws an EngineError where the student's are others. */
export function beginning(fresh: Weights, start: DetectorNetwork, config: DetectorConfig, dataset: DetectionSet): Weights {
  if (!start.begins) return asDetector(fresh, start, config, dataset);
  return start.config.plain ? asVit(fresh, start, config, dataset) : asResnet(fresh, start, config);
}

/** Whatever the images were normalised by: both data sets' are brought to mean 0 and variance 1, and a norm follows the first layer. */
function asResnet(fresh: Weights, { name, config: own, weights }: DetectorNetwork, config: DetectorConfig): Weights {
  const wanted = config.plain ? [] : backboneShapes(config);
  const fits =
    wanted.length === backboneShapes(own).length && wanted.every(([key, shape]) => String(weights.get(key)?.shape) === String(shape));
  if (fits) return new Map([...fresh, ...wanted.map(([key]) => [key, weights.get(key)!] as const)]);
  throw new EngineError(`The student's backbone is another than ${name}.`, `Leave its sizes to the file, and set norm to ${normsOf(own)}.`);
}

/** How a file gives way where a student begins as it, in sentences for people: ViTDet's positions depend on the image. */
export function changesOf({ name, config: { plain, image }, begins }: DetectorNetwork, { side }: DetectionSet): string[] {
  if (!plain || image === side) return [];
  const relative = plain.relative && !begins ? ", relative ones interpolated" : "";
  return [`${name} is of images of ${image} pixels: a student that begins as it has the positions of images of ${side}${relative}.`];
}

/** A table of distances [from, D] for images of another size, [to, D], linear between its rows as detectron2 has it. */
function interpolated({ shape: [from, width], data }: Weight, to: number): Weight {
  const rows = Array.from({ length: to }, (_, i) => {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const low = Math.floor(at);
    const high = Math.min(from - 1, low + 1);
    return Array.from({ length: width }, (_, c) => data[low * width + c] * (low + 1 - at) + data[high * width + c] * (at - low));
  });
  return { shape: [to, width], data: Float32Array.from(rows.flat()) };
}

/** The weights with tables of distances as long as those of `like`. */
function withDistancesOf(like: Weights, weights: Weights): Weights {
  const fitted = ([key, weight]: [string, Weight]): [string, Weight] => {
    const [rows = 0] = like.get(key)?.shape ?? [];
    return [key, /\.rel_pos_[hw]$/.test(key) && rows > 0 && rows !== weight.shape[0] ? interpolated(weight, rows) : weight];
  };
  return new Map([...weights].map(fitted));
}

/** As it is, where it is of the student's kind and knows these classes; else its features: other heads say something else. */
function asDetector(
  fresh: Weights,
  { name, config: own, weights: trained, classes }: DetectorNetwork,
  config: DetectorConfig,
  data: DetectionSet,
): Weights {
  const weights = withDistancesOf(fresh, trained);
  const fits = (keys: readonly string[]) => keys.every((key) => String(weights.get(key)?.shape) === String(fresh.get(key)?.shape));
  const keys = [...fresh.keys()];
  const features = keys.filter((key) => IS_FEATURE.test(key));
  const all = [...weights.keys()].filter((key) => IS_FEATURE.test(key));
  if (features.length !== all.length || !fits(features)) {
    const remedy = `Leave its sizes to the file, and set norm to ${normsOf(own)}.`;
    throw new EngineError(`The student's backbone or pyramid is another than ${name}'s.`, remedy);
  }
  const whole = config.kind === own.kind && sameNames(classes, data.classes) && keys.length === weights.size && fits(keys);
  return new Map([...fresh, ...(whole ? keys : features).map((key) => [key, weights.get(key)!] as const)]);
}

const IS_FEATURE = /^(backbone|neck)\./;

const normsOf = ({ norm }: DetectorConfig): string => (norm === "gn" ? "gn" : "bn, or frozen");

/** For images normalised as this data set's; so are its own where its file does not say. */
function asVit(fresh: Weights, start: DetectorNetwork, config: DetectorConfig, { moments }: DetectionSet): Weights {
  const { plain } = config;
  if (!plain) throw new EngineError(`${start.name} begins a student on ViTDet alone.`, "Set backbone to vitdet.");
  const weights = new Map([...start.weights].filter(([key]) => key.startsWith("backbone.")));
  if (start.moments.mean.length > 0) for (const [key, weight] of embedding(start, moments)) weights.set(`backbone.${key}`, weight);
  // What the file does not have, such as relative positions, stays fresh.
  return new Map([
    ...fresh,
    ...plainShapes(plain, config.image).flatMap(([key]) => (weights.has(key) ? [[key, weights.get(key)!] as const] : [])),
  ]);
}

/** What embeds its patches, as if its images had been normalised so. */
function embedding({ name, weights, moments }: DetectorNetwork, given: DetectionSet["moments"]): Weights {
  const own = toTorch(new Map(EMBEDDING.map((key) => [key, weights.get(`backbone.${key}`)!])));
  const network = { name, weights: own, moments, config: {} } as unknown as Network;
  return fromTorch(suited(network, { moments: given, channels: 3 } as Parameters<typeof suited>[1]).weights);
}

/** The settings that such a network decides, for a student that is wanted so. */
export function sizesOf({ config, begins }: DetectorNetwork, wanted?: Settings): Record<string, number | string> {
  const { plain, block, blocks, width: stem, cardinality, channels } = config;
  const pyramid: Record<string, number> = begins ? {} : { channels };
  if (!plain) {
    const sizes = { ...pyramid, stem, blocks: blocks[0], block };
    return cardinality ? { ...sizes, backbone: "resnext", cardinality: String(cardinality) } : { ...sizes, backbone: "resnet" };
  }
  const { width, depth, heads } = plain;
  const own = begins ? {} : attentionOf(plain, Number(wanted?.side ?? config.image));
  return { ...pyramid, ...own, backbone: "vitdet", vitWidth: width, vitDepth: depth, vitHeads: heads };
}

/** Where its blocks attend, and by which positions; windows that do not tile images of `side` pixels give way to those that are wanted. */
function attentionOf({ relative, globals, window }: PlainBackbone, side: number): Record<string, number | string> {
  const tiles = (side / PATCH) % window === 0;
  return { relpos: relative ? "on" : "off", globals, ...(tiles && { window }) };
}
