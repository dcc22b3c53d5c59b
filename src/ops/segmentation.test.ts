import { describe, expect, test } from "vitest";
import { Graph, type Tensor } from "../engine/graph";
import {
  appendTokensCase,
  argmaxCase,
  labelsOf,
  pixelCrossEntropy64,
  pixelCrossEntropyCase,
  products64,
  rowProductsCase,
  tokenRangeCase,
  tokensOf,
} from "./cases/segmentation";
import { check, testEngine, upload } from "./check";
import { linear } from "./linear";
import { distillation } from "./losses";
import { asOp } from "./losses.fixture";
import { layerNorm } from "./norm";
import { unitRows } from "./relations";
import { appendTokens, pixelCrossEntropy, rowProducts, tokenRange } from "./segmentation";
import { logSoftmax64 } from "./softmax.fixture";

describe("cross entropy of pixels", () => {
  test.each([
    { what: "every third pixel ignored", shape: [2, 3, 5, 4], ignored: (i: number) => i % 3 === 0 },
    { what: "all count", shape: [1, 4, 4, 2], ignored: () => false },
    { what: "one counts, of an odd number of classes", shape: [2, 5, 5, 7], ignored: (i: number) => i !== 17 },
    { what: "none counts", shape: [1, 3, 3, 3], ignored: () => true },
    { what: "more pixels than one lane adds up", shape: [2, 32, 32, 3], ignored: (i: number) => i < 700 },
  ])("$what", async ({ shape, ignored }) => {
    await check(await testEngine(), pixelCrossEntropyCase(shape, ignored));
  });

  test("adds to the gradient of soft labels, which are a mean over pixels", async () => {
    const soft = (z: ArrayLike<number>, t: ArrayLike<number>) => {
      const [p, q] = [
        logSoftmax64(
          Array.from(z, (v) => v / 2),
          4,
        ),
        logSoftmax64(
          Array.from(t, (v) => v / 2),
          4,
        ),
      ];
      return (4 * q.reduce((sum, v, i) => sum + Math.exp(v) * (v - p[i]), 0)) / (q.length / 4);
    };
    await check(await testEngine(), {
      inputs: {
        z: { shape: [2, 3, 3, 4], grad: true },
        teacher: { shape: [2, 3, 3, 4] },
        labels: { shape: [2, 3, 3], dtype: "u32", data: labelsOf(18, 4, (i) => i % 2 === 0) },
      },
      op: ({ z, teacher, labels }, graph) => asOp(graph, both(pixelCrossEntropy(z, labels), distillation(z, teacher, 2), graph)),
      reference: ({ z, teacher, labels }) => [[pixelCrossEntropy64(z, labels, 4) + soft(z, teacher)]],
    });
  });

  test("refuses labels that are not one for each pixel, or no integers", async () => {
    const graph = new Graph(await testEngine());
    const logits = graph.temp([2, 4, 4, 3]);
    expect(() => pixelCrossEntropy(logits, graph.temp([2, 4, 3], "u32"))).toThrow("labels are u32 [2,4,3]");
    expect(() => pixelCrossEntropy(logits, graph.temp([2, 4, 4]))).toThrow("labels are f32");
  });
});

/** The sum of two losses, as one. */
function both(a: ReturnType<typeof pixelCrossEntropy>, b: ReturnType<typeof distillation>, graph: Graph) {
  const value = linear(a.value.reshape([1, 1]), graph.fixed(upload(graph.engine, [1], "f32"), [1, 1]), {
    residual: b.value.reshape([1, 1]),
  });
  return {
    value: value.reshape([1]),
    seed: (...args: Parameters<typeof a.seed>) => {
      a.seed(...args);
      b.seed(...args);
    },
  };
}

test("argmax: the highest of each row, the first of equals", async () => {
  await check(await testEngine(), argmaxCase());
});

describe("tokens", () => {
  test.each([
    { images: 3, tokens: 5, begin: 1, count: 4, cols: 6 },
    { images: 1, tokens: 4, begin: 0, count: 4, cols: 3 },
    { images: 2, tokens: 7, begin: 2, count: 3, cols: 1 },
  ])("rows $begin to $begin + $count of $tokens, of $images images", async ({ images, tokens, begin, count, cols }) => {
    await check(await testEngine(), tokenRangeCase(images, tokens, begin, count, cols));
  });

  test("of two ranges of the same rows the gradients add up", async () => {
    await check(await testEngine(), {
      inputs: { x: { shape: [2 * 5, 4], grad: true } },
      op: ({ x }) => rowProducts(tokenRange(x, 2, 0, 4), tokenRange(x, 2, 2, 3)),
      reference: ({ x }) => [
        products64(
          tokensOf(x, 5, 4, (t) => t < 4),
          tokensOf(x, 5, 4, (t) => t >= 2),
          [2, 4, 3, 4],
        ),
      ],
    });
  });

  test("class tokens behind the patches of every image, and both gradients", async () => {
    await check(await testEngine(), appendTokensCase());
  });

  test("with positions of their own, and all three gradients", async () => {
    await check(await testEngine(), {
      inputs: { x: { shape: [3, 4, 5], grad: true }, more: { shape: [1, 2, 5], grad: true }, at: { shape: [1, 2, 5], grad: true } },
      op: ({ x, more, at }) => appendTokens(x, more, at),
      reference: ({ x, more, at }) => [[0, 1, 2].flatMap((b) => [...x.subarray(20 * b, 20 * (b + 1)), ...more.map((v, i) => v + at[i])])],
    });
  });

  test("ranges and shapes that do not fit are refused", async () => {
    const graph = new Graph(await testEngine());
    const x = graph.temp([10, 4]);
    expect(() => tokenRange(x, 3, 0, 1)).toThrow("tokenRange");
    expect(() => tokenRange(x, 2, 3, 3)).toThrow("no rows 3 to 6");
    expect(() => appendTokens(graph.temp([2, 5, 4]), graph.temp([1, 2, 3]))).toThrow("more is [1,2,3]");
    expect(() => rowProducts(graph.temp([2, 5, 4]), graph.temp([3, 5, 4]))).toThrow("y is [3,5,4]");
  });
});

describe("products of rows", () => {
  test.each([
    [2, 6, 3, 4],
    [1, 1, 1, 5],
    [3, 16, 8, 33],
  ])("%i images, %i by %i rows of %i", async (images, rows, tokens, cols) => {
    await check(await testEngine(), rowProductsCase(images, rows, tokens, cols));
  });

  test("of unit rows are cosines, normalised over the classes", async () => {
    const unit = (x: ArrayLike<number>, cols: number) =>
      Array.from(x, (v, i) => {
        const start = i - (i % cols);
        return v / Math.hypot(...Array.from({ length: cols }, (_, c) => x[start + c]));
      });
    const norm = (x: ArrayLike<number>, cols: number) =>
      Array.from(x, (v, i) => {
        const row = Array.from({ length: cols }, (_, c) => x[i - (i % cols) + c]);
        const mean = row.reduce((a, b) => a + b) / cols;
        return (v - mean) / Math.sqrt(row.reduce((sum, r) => sum + (r - mean) ** 2, 0) / cols + 1e-5);
      });
    const units = (x: Tensor) => unitRows(x).reshape(x.shape);
    await check(await testEngine(), {
      inputs: {
        ...{ x: { shape: [2, 5, 6], grad: true }, y: { shape: [2, 3, 6], grad: true } },
        ...{ gamma: { shape: [3], data: [1, 1, 1] }, beta: { shape: [3], data: [0, 0, 0] } },
      },
      op: ({ x, y, gamma, beta }) => layerNorm(rowProducts(units(x), units(y)), gamma, beta, 1e-5),
      reference: ({ x, y }) => [norm(products64(unit(x, 6), unit(y, 6), [2, 5, 3, 6]), 3)],
      tolerance: 3e-5,
    });
  });
});
