/** What a detector costs: multiply-adds of its convolutions and, on a plain backbone, of its products, taps outside the map included. Everything else counts nothing. */
import { type DetectorConfig, detectorShapes, OUTPUTS, residualBlocks, sides } from "../models/detector/config";
import { attended, blockConfig, PATCH, type PlainBackbone } from "../models/detector/plain";

/** Multiply-adds of one forward pass of one image. */
export interface DetectorMacs {
  backbone: number;
  neck: number;
  head: number;
  total: number;
}

export function detectorMacs(config: DetectorConfig): DetectorMacs {
  const shapes = detectorShapes(config);
  const cost = (name: string, side: number) => {
    const shape = shapes.get(`${name}.weight`);
    return shape ? side * side * shape.reduce((a, b) => a * b, 1) : 0;
  };
  const levels = sides(config);
  const { plain, image } = config;
  const backbone = plain ? plainMacs(plain, image) : sum(backboneSides(config).map(([name, side]) => cost(name, side)));
  const doubled = cost("neck.simfp.0.up", image / PATCH);
  const parts = (l: number) => [
    `neck.fpn_convs.${l}.conv`,
    `neck.lateral_convs.${l}.conv`,
    `neck.simfp.${l}.conv1`,
    `neck.simfp.${l}.conv2`,
  ];
  const neck = doubled + sum(levels.flatMap((side, l) => parts(l).map((name) => cost(name, side))));
  const names = [
    ...["cls_convs", "reg_convs"].flatMap((branch) => Array.from({ length: config.stacked }, (_, i) => `bbox_head.${branch}.${i}.conv`)),
    ...Object.values(OUTPUTS[config.kind]),
  ];
  const head = sum(levels.flatMap((side) => names.map((name) => cost(name, side))));
  return { backbone, neck, head, total: backbone + neck + head };
}

/**
 * Of a plain backbone: its products, and attention's, of which each token has as many keys as its window or the image has tokens; of relative positions
 * the products of queries with as many distances as rows and columns have.
 */
function plainMacs(plain: PlainBackbone, image: number): number {
  const { width, depth } = plain;
  const tokens = (image / PATCH) ** 2;
  const { mlp } = blockConfig(plain);
  const side = (i: number) => attended(i, plain, image);
  const distances = (i: number) => (plain.relative ? 2 * side(i) : 0);
  const blocks = Array.from({ length: depth }, (_, i) => tokens * width * (4 * width + 2 * mlp + 2 * side(i) ** 2 + distances(i)));
  return tokens * width * 3 * PATCH ** 2 + sum(blocks);
}

/** The backbone's convolutions and the sides of what they give. */
function backboneSides(config: DetectorConfig): [name: string, side: number][] {
  let side = config.image / 4;
  const blocks = residualBlocks(config).flatMap(({ name, convs }) => {
    const inside = convs.map(({ stride }, i): [string, number] => {
      side /= stride;
      return [`${name}.conv${i + 1}`, side];
    });
    return [...inside, [`${name}.downsample.0`, side] as [string, number]];
  });
  return [["backbone.conv1", config.image / 2], ...blocks];
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
