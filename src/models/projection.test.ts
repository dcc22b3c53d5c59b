/** The projection head against its definition in float64, with the gradients of its input and of its weight-normalised layer. */
import { expect, test } from "vitest";
import { check, testEngine } from "../ops/check";
import { type ProjectionConfig, projection, projectionMacs, projectionShapes } from "./projection";
import { projection64 } from "./projection.fixture";

const CONFIG: ProjectionConfig = { input: 6, hidden: 9, bottleneck: 5, outputs: 7 };
const ROWS = 4;
const shapes = projectionShapes(CONFIG);

test("cosines of directions, and every gradient", async () => {
  const inputs = Object.fromEntries(shapes.map(([name, shape]) => [name, { shape, grad: true }]));
  await check(await testEngine(), {
    inputs: { x: { shape: [ROWS, CONFIG.input], grad: true }, ...inputs },
    op: ({ x, ...params }) => projection(params)(x),
    reference: (values) => [projection64(values.x, values)],
  });
});

test("it has the parameters and the cost of its layers", () => {
  expect(Object.fromEntries(shapes)).toEqual({
    ...{ "head.mlp.0.weight": [9, 6], "head.mlp.0.bias": [9], "head.mlp.2.weight": [9, 9], "head.mlp.2.bias": [9] },
    ...{ "head.mlp.4.weight": [5, 9], "head.mlp.4.bias": [5], "head.last_layer.weight_v": [7, 5] },
  });
  expect(projectionMacs(CONFIG)).toBe(6 * 9 + 9 * 9 + 9 * 5 + 5 * 7);
});
