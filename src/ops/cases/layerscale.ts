/** Layer scale beside float64. */
import type { Check } from "../evidence";
import { layerScale } from "../layerscale";

export const layerScaleCase = (rows: number, cols: number): Check => ({
  inputs: {
    x: { shape: [rows, cols], grad: true },
    gamma: { shape: [cols], grad: true },
    residual: { shape: [rows, cols], grad: true },
  },
  op: ({ x, gamma, residual }) => layerScale(x, gamma, residual),
  reference: ({ x, gamma, residual }) => [x.map((v, i) => residual[i] + v * gamma[i % cols])],
  tolerance: 1e-6,
});
