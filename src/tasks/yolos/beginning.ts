/** A student that begins as a network of a file: a YOLOS, or the encoder of a Segmenter as its backbone. */
import type { DetectionSet } from "../../data/detection";
import { readSegmenter } from "../../models/segmenter/network";
import { gridOf, type ViTConfig } from "../../models/vit/config";
import type { Weights } from "../../models/weights";
import { initYolos, type YolosConfig } from "../../models/yolos/config";
import { sameNames } from "../names";
import { OtherSide } from "../otherSide";
import type { YolosNetwork } from "./network";

/** Detection tokens of a Segmenter that is to become a YOLOS: so many a side, over the image. */
const TOKENS_A_SIDE = 4;

/**
 * A Segmenter's file as a YOLOS that has yet to find anything: its encoder under fresh heads. Its detection tokens stand where patches
 * evenly over the image do, so that what the encoder knows of places tells them apart from the start. No data has its classes, so it is
 * no teacher. Throws as `readSegmenter` does.
 */
export function fromSegmenter(bytes: Uint8Array, name: string): Omit<YolosNetwork, "id"> {
  const { weights, config, classes, moments } = readSegmenter(bytes, name);
  const own: YolosConfig = { encoder: config.encoder, tokens: TOKENS_A_SIDE ** 2, classes: classes.length };
  const encoder = [...weights].filter(([key]) => key.startsWith("encoder."));
  const backbone: Weights = new Map(encoder.map(([key, weight]) => [key.replace("encoder.", "backbone."), weight]));
  const fresh = initYolos(own, 0);
  const tokens = { shape: [1, own.tokens, own.encoder.width], data: new Float32Array(own.tokens * own.encoder.width) };
  const positions = { ...tokens, data: spread(backbone.get("backbone.pos_embed")!.data, own.encoder) };
  const placed: Weights = new Map([
    ["backbone.det_token", tokens],
    ["backbone.det_pos", positions],
  ]);
  return { name, config: own, weights: new Map([...fresh, ...backbone, ...placed]), classes, moments };
}

/** The positions of patches evenly over the image, of [1 + N, D]. */
function spread(positions: Float32Array, encoder: ViTConfig): Float32Array {
  const [rows, columns] = gridOf(encoder);
  const { width } = encoder;
  const at = (i: number, count: number) => Math.floor(((i + 0.5) * count) / TOKENS_A_SIDE);
  const out = new Float32Array(TOKENS_A_SIDE ** 2 * width);
  for (let i = 0; i < TOKENS_A_SIDE ** 2; i++) {
    const patch = at(Math.floor(i / TOKENS_A_SIDE), rows) * columns + at(i % TOKENS_A_SIDE, columns);
    out.set(positions.subarray((1 + patch) * width, (2 + patch) * width), i * width);
  }
  return out;
}

/** The weights that a student of this configuration begins with: what is for other classes, or another number of tokens, afresh. */
export function beginning(start: YolosNetwork, config: YolosConfig, { side, classes }: DetectionSet, seed: number): Weights {
  if (start.config.encoder.image !== side) throw new OtherSide(start.name, start.config.encoder.image, side);
  const other = [
    ...(start.config.tokens === config.tokens ? [] : ["backbone.det_"]),
    ...(sameNames(start.classes, classes) ? [] : ["class_embed."]),
  ];
  const afresh = (name: string) => other.some((part) => name.startsWith(part));
  return new Map([...initYolos(config, seed)].map(([name, fresh]) => [name, afresh(name) ? fresh : start.weights.get(name)!]));
}

/** The settings that the network decides. */
export function sizesOf({ config: { encoder, tokens } }: YolosNetwork): Record<string, number> {
  const { patch, width, depth, heads } = encoder;
  return { patch, width, depth, heads, detTokens: tokens };
}
