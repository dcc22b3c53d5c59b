/** What a detector costs: multiply-adds of its convolutions, taps outside the map included. Everything else counts nothing. */
import { type DetectorConfig, detectorShapes, LATERALS, OUTPUTS, residualBlocks, sides } from "../models/detector/config";

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
  const backbone = sum(backboneSides(config).map(([name, side]) => cost(name, side)));
  const neck = sum(
    levels.map((side, l) => cost(`neck.fpn_convs.${l}.conv`, side) + (l < LATERALS ? cost(`neck.lateral_convs.${l}.conv`, side) : 0)),
  );
  const names = [
    ...["cls_convs", "reg_convs"].flatMap((branch) => Array.from({ length: config.stacked }, (_, i) => `bbox_head.${branch}.${i}.conv`)),
    ...Object.values(OUTPUTS[config.kind]),
  ];
  const head = sum(levels.flatMap((side) => names.map((name) => cost(name, side))));
  return { backbone, neck, head, total: backbone + neck + head };
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
