/** The projection head in float64. */
import { gelu64, matmul64, transpose64 } from "../ops/reference";
import { LAST_LAYER } from "./projection";

const unit64 = (x: Float64Array, cols: number) => x.map((v, i) => v / Math.hypot(...x.subarray(i - (i % cols), i - (i % cols) + cols)));

/** Cosines of rows x with the directions of the last layer; `values` are the head's parameters by name. */
export function projection64(x: Float64Array, values: Record<string, Float64Array>): Float64Array {
  const layer = (rows: Float64Array, name: string) => {
    const [w, b] = ["weight", "bias"].map((part) => values[`head.mlp.${name}.${part}`]);
    const inputs = w.length / b.length;
    const count = rows.length / inputs;
    return matmul64(rows, transpose64(w, b.length, inputs), count, inputs, b.length).map((v, i) => v + b[i % b.length]);
  };
  const z = layer(layer(layer(x, "0").map(gelu64), "2").map(gelu64), "4");
  const bottleneck = values["head.mlp.4.bias"].length;
  const directions = values[LAST_LAYER];
  const outputs = directions.length / bottleneck;
  const turned = transpose64(unit64(directions, bottleneck), outputs, bottleneck);
  return matmul64(unit64(z, bottleneck), turned, z.length / bottleneck, bottleneck, outputs);
}
