/** A student on ViTDet that begins as a plain vision transformer of a file, such as MAE's encoder (Table 3 of MKD's appendix). */
import type { DetectionSet } from "../../data/detection";
import { EngineError } from "../../engine/errors";
import { type DetectorConfig, smallDetector } from "../../models/detector/config";
import { initDetector } from "../../models/detector/init";
import { fromTorch, toTorch } from "../../models/detector/names";
import { PATCH, plainShapes } from "../../models/detector/plain";
import type { Weights } from "../../models/weights";
import { suited } from "../suited";
import { type Network, readNetwork } from "../vitNetwork";
import type { DetectorNetwork } from "./network";

/** What embeds patches: it depends on how images are normalised. */
const EMBEDDING = ["patch_embed.proj.weight", "patch_embed.proj.bias"];

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

/** A student's fresh weights with the backbone of `start`, for images normalised as this data set's; so are its own where its file does not say. */
export function beginning(fresh: Weights, start: DetectorNetwork, { plain }: DetectorConfig, { moments }: DetectionSet): Weights {
  if (!plain) throw new EngineError(`${start.name} begins a student on ViTDet alone.`, "Set backbone to vitdet.");
  const weights = new Map([...start.weights].filter(([key]) => key.startsWith("backbone.")));
  if (start.moments.mean.length > 0) for (const [key, weight] of embedding(start, moments)) weights.set(`backbone.${key}`, weight);
  return new Map([...fresh, ...plainShapes(plain).map(([key]) => [key, weights.get(key)!] as const)]);
}

/** What embeds its patches, as if its images had been normalised so. */
function embedding({ weights, moments }: DetectorNetwork, given: DetectionSet["moments"]): Weights {
  const own = toTorch(new Map(EMBEDDING.map((key) => [key, weights.get(`backbone.${key}`)!])));
  const network = { weights: own, moments, config: {} } as unknown as Network;
  return fromTorch(suited(network, { moments: given, channels: 3 } as Parameters<typeof suited>[1]).weights);
}

/** The settings that such a network decides. Throws an EngineError for a detector: a student begins as a vision transformer alone. */
export function sizesOf({ name, config: { plain }, begins }: DetectorNetwork): Record<string, number | string> {
  if (!plain || !begins)
    throw new EngineError(`${name} is a detector; a student begins as a vision transformer.`, "Use it as a teacher, or inherit=on.");
  const { width, depth, heads } = plain;
  return { backbone: "vitdet", vitWidth: width, vitDepth: depth, vitHeads: heads };
}
