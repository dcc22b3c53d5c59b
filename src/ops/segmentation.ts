/**
 * What a segmenter needs beside a vision transformer: class tokens among the patches, their similarity to patches, and labels of
 * pixels. See shaders/segmentation.wgsl.
 *
 * Logits of pixels are rows like any others, so soft labels are `distillation(student, teacher, temperature)` as it is: a mean
 * over pixels.
 */
import type { RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";
import { crossEntropy, type Loss, sum } from "./losses";

/**
 * Mean cross entropy of logits [.., K] over the pixels that count, for labels u32 [..], one for each row of the logits. A pixel
 * counts if its label is below K, so 255 says that it does not. The others get no gradient; if none counts the loss is 0.
 */
export function pixelCrossEntropy(logits: Tensor, labels: Tensor): Loss {
  const { graph, rows, cols } = logits;
  if (labels.dtype !== "u32" || labels.size !== rows || labels.stride !== labels.cols)
    throw new Error(`pixelCrossEntropy: labels are ${labels.dtype} [${labels.shape}] for logits [${logits.shape}]`);
  const params = { ...NONE, rows, cols, label_offset: labels.offset };
  const counted = graph.temp([rows]);
  graph.launch("segmentation", "counted", { bind: { labels, out: counted }, params, threads: rows });
  const targets = graph.temp([rows, cols]);
  // Soft targets that sum to rows / counted: the loss's mean over all rows becomes one over those that count.
  graph.launch("segmentation", "targets", { bind: { labels, total: sum(counted).value, out: targets }, params, threads: rows });
  return crossEntropy(logits, { targets });
}

/** The class u32 [..] of the highest logit of each row of [.., K], the lowest class of equals. */
export function argmax(logits: Tensor): Tensor {
  assertDense("argmax", logits);
  const { graph, rows, cols } = logits;
  const chosen = graph.temp(logits.shape.slice(0, -1), "u32");
  graph.launch("segmentation", "argmax", { bind: { x: logits, chosen }, params: { ...NONE, rows, cols }, threads: rows });
  return chosen;
}

/** Rows `begin` to `begin + count` of each of `images` equal stretches of x [images * T, D]: [images, count, D]. */
export function tokenRange(x: Tensor, images: number, begin: number, count: number): Tensor {
  assertDense("tokenRange", x);
  const tokens = x.rows / images;
  if (!Number.isInteger(tokens) || begin < 0 || begin + count > tokens)
    throw new Error(`tokenRange: no rows ${begin} to ${begin + count} in ${images} stretches of [${x.shape}]`);
  const out = x.graph.temp([images, count, x.cols], x.dtype, x.needsGrad);
  copyRange(x, { images, tokens, begin, count }, out);
  if (x.needsGrad)
    x.graph.record(out, (g, grads) =>
      grads.add(x, (previous) => gradient("range_gradient", x, { g }, { images, tokens, begin, count, cols: x.cols }, previous)),
    );
  return out;
}

interface Range {
  images: number;
  tokens: number;
  begin: number;
  count: number;
}

function copyRange(x: Tensor, range: Range, out: Tensor): void {
  const params = { ...NONE, ...range, cols: x.cols };
  x.graph.launch("segmentation", "range", { bind: { x, out }, params, threads: out.size });
}

/**
 * The rows of x [B, N, D] of each image and behind them those of the parameter `more` [1, K, D], plus the parameter `positions` of the
 * same shape where there is one: [B * (N + K), D].
 */
export function appendTokens(x: Tensor, more: Tensor, positions?: Tensor): Tensor {
  const [images, tokens, cols] = x.shape;
  const count = more.size / cols;
  if (x.shape.length !== 3 || more.cols !== cols || (positions && positions.size !== more.size))
    throw new Error(`appendTokens: x is [${x.shape}], more is [${more.shape}]`);
  assertDense("appendTokens", x);
  const rows = tokens + count;
  const out = x.graph.temp([images * rows, cols], x.dtype, x.needsGrad || more.needsGrad);
  x.graph.launch("segmentation", "append", {
    constants: { PLACED: positions !== undefined },
    bind: { x, y: more, out, ...(positions && { g: positions }) },
    params: { ...NONE, images, rows, cols, tokens },
    threads: out.size,
  });
  if (out.needsGrad)
    x.graph.record(out, (g, grads) => {
      if (x.needsGrad) grads.alias(x, tokenRange(g, images, 0, tokens));
      for (const shared of [more, positions])
        if (shared?.needsGrad) copyRange(g, { images, tokens: rows, begin: tokens, count }, grads.piece(shared, images));
    });
  return out;
}

/** Inner products of the rows of x [B, N, D] and of y [B, K, D], image by image: [B, N, K]. */
export function rowProducts(x: Tensor, y: Tensor): Tensor {
  const [images, rows, cols] = x.shape;
  const [others, tokens, width] = y.shape;
  if (x.shape.length !== 3 || y.shape.length !== 3 || images !== others || cols !== width)
    throw new Error(`rowProducts: x is [${x.shape}], y is [${y.shape}]`);
  for (const t of [x, y]) assertDense("rowProducts", t);
  const out = x.graph.temp([images, rows, tokens], "f32", x.needsGrad || y.needsGrad);
  x.graph.launch("segmentation", "products", { bind: { x, y, out }, params: { ...NONE, images, rows, cols, tokens }, threads: out.size });
  if (out.needsGrad)
    x.graph.record(out, (g, grads) => {
      grads.add(x, (previous) => gradient("products_gradient", x, { g, y }, { images, rows, cols, tokens }, previous));
      const swapped = { images, rows: tokens, cols, tokens: rows };
      grads.add(y, (previous) => gradient("products_gradient", y, { g, y: x }, swapped, previous, { SWAPPED: true }));
    });
  return out;
}

/** Parameters that an entry point does not read. */
const NONE = { rows: 0, cols: 0, images: 0, tokens: 0, begin: 0, count: 0, label_offset: 0, ...plus().params };

function gradient(
  entry: string,
  of: Tensor,
  bind: Record<string, Tensor>,
  params: Partial<typeof NONE>,
  previous?: RowGradient,
  constants: Record<string, boolean> = {},
): Tensor {
  const out = of.graph.temp(of.shape);
  const add = plus(previous);
  of.graph.launch("segmentation", entry, {
    constants: { ...constants, ...add.constants },
    bind: { ...bind, ...add.bind, out },
    params: { ...NONE, ...params, ...add.params },
    threads: out.size,
  });
  return out;
}

function assertDense(op: string, x: Tensor): void {
  if (x.stride !== x.cols || x.offset !== 0 || x.dtype === "u32") throw new Error(`${op}: x is no tensor of floats without gaps`);
}
