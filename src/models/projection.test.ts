/** The projection head against its definition in float64, with the gradients of its input and of its weight-normalised layer. */
import { expect, test } from "vitest";
import { check, testEngine } from "../ops/check";
import { gelu64, matmul64, transpose64 } from "../ops/reference";
import { LAST_LAYER, type ProjectionConfig, projection, projectionMacs, projectionShapes } from "./projection";

const CONFIG: ProjectionConfig = { input: 6, hidden: 9, bottleneck: 5, outputs: 7 };
const ROWS = 4;
const shapes = projectionShapes(CONFIG);

const unit64 = (x: Float64Array, cols: number) => x.map((v, i) => v / Math.hypot(...x.subarray(i - (i % cols), i - (i % cols) + cols)));

/** x W^T + b. */
const linear64 = (x: Float64Array, w: Float64Array, b: Float64Array, inputs: number) =>
  matmul64(x, transpose64(w, b.length, inputs), ROWS, inputs, b.length).map((v, i) => v + b[i % b.length]);

function projection64(values: Record<string, Float64Array>): Float64Array {
  const { input, hidden, bottleneck, outputs } = CONFIG;
  const layer = (x: Float64Array, name: string, inputs: number) =>
    linear64(x, values[`head.mlp.${name}.weight`], values[`head.mlp.${name}.bias`], inputs);
  const first = layer(values.x, "0", input).map(gelu64);
  const second = layer(first, "2", hidden).map(gelu64);
  const z = unit64(layer(second, "4", hidden), bottleneck);
  return matmul64(z, transpose64(unit64(values[LAST_LAYER], bottleneck), outputs, bottleneck), ROWS, bottleneck, outputs);
}

test("cosines of directions, and every gradient", async () => {
  const inputs = Object.fromEntries(shapes.map(([name, shape]) => [name, { shape, grad: true }]));
  await check(await testEngine(), {
    inputs: { x: { shape: [ROWS, CONFIG.input], grad: true }, ...inputs },
    op: ({ x, ...params }) => projection(params)(x),
    reference: (values) => [projection64(values)],
  });
});

test("it has the parameters and the cost of its layers", () => {
  expect(Object.fromEntries(shapes)).toEqual({
    ...{ "head.mlp.0.weight": [9, 6], "head.mlp.0.bias": [9], "head.mlp.2.weight": [9, 9], "head.mlp.2.bias": [9] },
    ...{ "head.mlp.4.weight": [5, 9], "head.mlp.4.bias": [5], "head.last_layer.weight_v": [7, 5] },
  });
  expect(projectionMacs(CONFIG)).toBe(6 * 9 + 9 * 9 + 9 * 5 + 5 * 7);
});
