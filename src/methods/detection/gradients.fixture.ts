/** A method's gradients against differences of its value, both from the GPU. */
import { expect } from "vitest";
import type { Weights } from "../../models/weights";
import { randoms } from "../../ops/check";
import type { Distillation } from "./distill.fixture";

export const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

/** Weights moved by `by` along a direction. */
function moved(weights: Weights, direction: Map<string, Float64Array>, by: number): Weights {
  const shift = (name: string, data: Float32Array) => data.map((v, i) => v + by * (direction.get(name)?.[i] ?? 0));
  return new Map([...weights].map(([name, { shape, data }]) => [name, { shape, data: shift(name, data) }]));
}

/** Slope of the sum of all terms along a direction, by central differences. */
async function slope(distilled: Distillation, direction: Map<string, Float64Array>, eps: number): Promise<number> {
  const at = async (by: number) => {
    distilled.params.write(moved(distilled.weights, direction, by));
    return sum(Object.values((await distilled.run()).values));
  };
  const found = ((await at(eps)) - (await at(-eps))) / (2 * eps);
  distilled.params.write(distilled.weights);
  return found;
}

/** Throws unless a method's gradients agree with differences of its value: every parameter in turn, in a direction at random around its gradient. */
export async function checkGradients(distilled: Distillation): Promise<void> {
  const { gradients } = await distilled.run();
  for (const [i, [name, gradient]] of [...gradients].entries()) {
    const norm = Math.sqrt(sum(gradient.map((v) => v * v)));
    const noise = randoms(gradient.length, 50 + i);
    const scale = Math.max(norm, 1e-3) / Math.sqrt(gradient.length);
    const direction = gradient.map((v, k) => v + scale * noise[k]);
    const length = Math.sqrt(sum(direction.map((v) => v * v)));
    const unit = direction.map((v) => v / length);
    const expected = sum(unit.map((v, k) => v * gradient[k]));
    const found: number[] = [];
    // Where a ReLU turns within a step, a shorter one is taken; short ones alone drown in float32's noise.
    for (const step of [1e-3, 3e-4, 1e-4]) {
      found.push(await slope(distilled, new Map([[name, unit]]), step * Math.sqrt(gradient.length)));
      if (Math.abs(found[found.length - 1] - expected) < 0.01 * Math.abs(expected) + 2e-4) break;
    }
    const error = Math.abs(found[found.length - 1] - expected);
    expect(error, `${name}: ${found}, not ${expected}`).toBeLessThan(0.01 * Math.abs(expected) + 2e-4);
  }
}

/** Modules that start as zeros move nothing: give all of them something to say. */
export const awake = (fresh: Weights): Weights =>
  new Map(
    [...fresh].map(([name, { shape, data }], i) => {
      const noise = randoms(data.length, 900 + i);
      return [name, { shape, data: data.map((v, k) => v + 0.2 * noise[k]) }];
    }),
  );
