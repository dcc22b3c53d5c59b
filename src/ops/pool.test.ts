import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { check, testEngine } from "./check";
import { add } from "./maps";
import { maxPool, type Window } from "./pool";

/** By the definition: each result looks at every element of its image and channel. */
function maxPool64(x: Float64Array, [batch, h, w, cols]: number[], { size, stride, padding }: Window): Float64Array {
  const [H, W] = [h, w].map((side) => Math.floor((side + 2 * padding - size) / stride) + 1);
  const out = new Float64Array(batch * H * W * cols).fill(Number.NEGATIVE_INFINITY);
  const within = (at: number, o: number) => at >= o * stride - padding && at < o * stride - padding + size;
  for (let i = 0; i < out.length; i++) {
    const [c, column, row, b] = [i % cols, Math.floor(i / cols) % W, Math.floor(i / cols / W) % H, Math.floor(i / cols / W / H)];
    for (let y = 0; y < h; y++)
      for (let z = 0; z < w; z++) if (within(y, row) && within(z, column)) out[i] = Math.max(out[i], x[((b * h + y) * w + z) * cols + c]);
  }
  return out;
}

describe("maxPool", () => {
  test.each<{ shape: number[]; window?: Window }>([
    { shape: [2, 8, 8, 4] },
    { shape: [1, 7, 5, 3] },
    { shape: [2, 1, 2, 1] },
    { shape: [1, 6, 9, 2], window: { size: 2, stride: 2, padding: 0 } },
    { shape: [1, 7, 8, 6], window: { size: 2, stride: 3, padding: 1 } },
  ])("$shape $window", async ({ shape, window }) => {
    await check(await testEngine(), {
      inputs: { x: { shape, grad: true } },
      op: ({ x }) => maxPool(add(x, x), window),
      reference: ({ x }) => [maxPool64(x, shape, window ?? { size: 3, stride: 2, padding: 1 }).map((v) => 2 * v)],
    });
  });

  test("equal values: the gradient goes to the first", async () => {
    const graph = new Graph(await testEngine());
    await check(graph.engine, {
      inputs: { x: { shape: [1, 2, 2, 1], data: [3, 3, 3, 3] } },
      op: ({ x }, graph) => {
        const seen = graph.fixed(x.storage.buffer as GPUBuffer, x.shape, "f32", 0, true);
        const pooled = maxPool(seen, { size: 2, stride: 2, padding: 0 });
        return [pooled, graph.gradients((g) => g.alias(pooled, pooled)).of(seen) ?? pooled];
      },
      reference: () => [[3], [3, 0, 0, 0]],
    });
  });
});

test("windows that do not fit are refused", async () => {
  const graph = new Graph(await testEngine());
  const map = graph.temp([1, 4, 6, 3]);
  expect(() => maxPool(map, { size: 9, stride: 1, padding: 1 })).toThrow("do not fit");
});
