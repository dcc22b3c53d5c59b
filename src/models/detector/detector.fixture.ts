/** Weights for tests of detectors. */
import { randoms } from "../../ops/check";
import { elements, type Weights } from "../weights";
import { type DetectorConfig, detectorShapes } from "./config";

/** Random weights in which no bias is zero, no norm one, and no distance explodes. */
export function weightsOf(config: DetectorConfig, seed = 1): Weights {
  return new Map(
    [...detectorShapes(config)].map(([name, shape], i) => {
      const draws = randoms(elements(shape), 1000 * seed + i);
      const scale = shape.length > 1 ? Math.sqrt(3 / (elements(shape) / shape[0])) : 0.3;
      const centre = /(bn\d|norm\d|downsample\.1|gn)\.weight|running_var|\.scale$/.test(name) ? 1 : 0;
      return [name, { shape, data: Float32Array.from(draws, (v) => centre + scale * v) }];
    }),
  );
}
