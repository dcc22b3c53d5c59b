/** Odd little YOLOS for tests. */
import { randoms } from "../../ops/check";
import { elements, type Weights } from "../weights";
import { type YolosConfig, yolosShapes } from "./config";

/** Little is a multiple of four. */
export const ODD: YolosConfig = {
  encoder: {
    ...{ image: 9, patch: 3, channels: 3, classes: 0, width: 10, depth: 2, heads: 2, headDim: 5, mlp: 14 },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  },
  ...{ tokens: 3, classes: 4 },
};

/** Seeded weights large enough for attention to prefer something; no bias is zero, no norm is one. */
export function weightsOf(config: YolosConfig, seed = 1): Weights {
  return new Map(
    [...yolosShapes(config)].map(([name, shape], i) => {
      const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
      const scale = /token|pos|\.bias/.test(name) ? 0.5 : Math.sqrt(3 / fanIn);
      const data = randoms(elements(shape), 1000 * seed + i);
      return [name, { shape, data: Float32Array.from(data, (v) => (/norm\d?\.weight/.test(name) ? 1 + v / 2 : scale * v)) }];
    }),
  );
}
