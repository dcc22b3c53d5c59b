/** A one-stage detector, once, for student and teacher: ResNet, feature pyramid, head. See config.ts. */
import type { Tensor } from "../../engine/graph";
import type { Bound } from "../params";
import { checkShape } from "../weights";
import { backbone } from "./backbone";
import { type DetectorConfig, detectorShapes } from "./config";
import { head, type LevelTensors } from "./head";
import { type DetectorOptions, Layers } from "./layers";
import { neck, withCoarser } from "./neck";
import type { PlainBackbone } from "./plain";
import { plainMap, simplePyramid } from "./vitdet";

export interface DetectorResult {
  /** C3 to C5, [B, H, W, channels]; none of a plain backbone. */
  stages: Tensor[];
  /** P3, P4, ...: outputs of the pyramid, which distillation compares. */
  pyramid: Tensor[];
  /** The head's answers, level by level. */
  levels: LevelTensors[];
}

/**
 * Forward pass for normalised images f32 [B, S, S, 3]. Throws a WeightsError naming a parameter that does not fit `config`,
 * and an Error when the images do not.
 */
export function detector(params: Bound, config: DetectorConfig, images: Tensor, options: DetectorOptions = {}): DetectorResult {
  for (const [name, shape] of detectorShapes(config)) checkShape("detector", name, shape, params[name]?.shape);
  const expected = [images.shape[0], config.image, config.image, 3];
  if (String(images.shape) !== String(expected)) throw new Error(`detector: images are [${images.shape}], not [${expected}]`);
  const layers = new Layers(params, config, options);
  const { stages, pyramid } = config.plain
    ? plainPyramid(layers, config, config.plain, images, options.mask)
    : residualPyramid(layers, config, images);
  return { stages, pyramid, levels: heads(layers, config, pyramid) };
}

function residualPyramid(layers: Layers, config: DetectorConfig, images: Tensor) {
  const stages = backbone(layers, config, images);
  return { stages, pyramid: neck(layers, config, stages) };
}

function plainPyramid(layers: Layers, config: DetectorConfig, plain: PlainBackbone, images: Tensor, mask?: Tensor) {
  const maps = simplePyramid(layers, plainMap(layers, plain, images, mask));
  return { stages: [], pyramid: withCoarser(layers, config, maps, maps[maps.length - 1]) };
}

/** What a detector's head says of a pyramid that is not of its own making: maps [B, H, W, channels], finest first. */
export const answersTo = (params: Bound, config: DetectorConfig, pyramid: readonly Tensor[]): LevelTensors[] =>
  heads(new Layers(params, config, {}), config, pyramid);

const heads = (layers: Layers, config: DetectorConfig, pyramid: readonly Tensor[]): LevelTensors[] =>
  pyramid.map((feature, l) => head(layers, config, feature, l));
