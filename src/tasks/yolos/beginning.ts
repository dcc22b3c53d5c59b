/** A student that begins as a network of a file: a YOLOS, or the encoder of a Segmenter as its backbone. */
import type { DetectionSet } from "../../data/detection";
import { readSegmenter } from "../../models/segmenter/network";
import type { Weights } from "../../models/weights";
import { initYolos, type YolosConfig } from "../../models/yolos/config";
import { OtherSide } from "../otherSide";
import type { YolosNetwork } from "./network";

/** Detection tokens of a Segmenter that is to become a YOLOS. */
const TOKENS = 16;

/**
 * A Segmenter's file as a YOLOS that has yet to find anything: its encoder under fresh tokens and heads. No data has its classes, so it
 * is no teacher. Throws as `readSegmenter` does.
 */
export function fromSegmenter(bytes: Uint8Array, name: string): Omit<YolosNetwork, "id"> {
  const { weights, config, classes, moments } = readSegmenter(bytes, name);
  const own: YolosConfig = { encoder: config.encoder, tokens: TOKENS, classes: classes.length };
  const encoder = [...weights].filter(([key]) => key.startsWith("encoder."));
  const backbone: Weights = new Map(encoder.map(([key, weight]) => [key.replace("encoder.", "backbone."), weight]));
  return { name, config: own, weights: new Map([...initYolos(own, 0), ...backbone]), classes, moments };
}

/** The weights that a student of this configuration begins with: heads and tokens afresh where they are for other classes, or another number. */
export function beginning(start: YolosNetwork, config: YolosConfig, { side, classes }: DetectionSet, seed: number): Weights {
  if (start.config.encoder.image !== side) throw new OtherSide(start.name, start.config.encoder.image, side);
  const knows = String(start.classes) === String(classes) && start.config.tokens === config.tokens;
  const kept = (name: string) => knows || !/^(backbone\.det_|class_embed\.|bbox_embed\.)/.test(name);
  return new Map([...initYolos(config, seed)].map(([name, fresh]) => [name, kept(name) ? start.weights.get(name)! : fresh]));
}

/** The settings that the network decides. */
export function sizesOf({ config: { encoder, tokens } }: YolosNetwork): Record<string, number> {
  const { patch, width, depth, heads } = encoder;
  return { patch, width, depth, heads, detTokens: tokens };
}
