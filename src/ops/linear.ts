/** Matrix products and the linear layer: bias, activation and residual ride in the product's epilogue. */
import type { Gradients, Tensor } from "../engine/graph";
import { type Activation, inputGradient, madeWith, product, recordLayer, split } from "./product";

/** C = A B for matrices A [m, k] and B [k, n], into `out` [m, n] if there is one. No gradient: layers use `linear`. */
export function matmul(a: Tensor, b: Tensor, out = a.graph.temp([a.rows, b.cols])): Tensor {
  if (a.cols !== b.rows) throw new Error(`matmul: A is [${a.shape}], B is [${b.shape}]`);
  product({ a, b, m: a.rows, n: b.cols, k: a.cols, out });
  return out;
}

export interface LinearOptions {
  bias?: Tensor;
  activation?: Activation;
  /** Added to the result (not together with an activation). */
  residual?: Tensor;
}

/** y = act(x W^T + bias) + residual for x [.., K] and W [N, K] (timm's layout), a parameter or made from one; y is [.., N]. */
export function linear(x: Tensor, w: Tensor, { bias, activation, residual }: LinearOptions = {}): Tensor {
  const [n, k] = w.shape;
  if (w.shape.length !== 2 || x.cols !== k) throw new Error(`linear: x is [${x.shape}], W is [${w.shape}]`);
  if (activation && residual) throw new Error("linear: an activation and a residual cannot be fused");
  const { graph } = x;
  const m = x.rows;
  const shape = [...x.shape.slice(0, -1), n];
  const needsGrad = x.needsGrad || w.needsGrad || (residual?.needsGrad ?? false);
  const dtype = madeWith(w);
  const y = graph.temp(shape, dtype, needsGrad);
  const save = activation && needsGrad ? graph.temp(shape, dtype, true) : undefined;
  product({ a: x, b: w, bT: true, m, n, k, out: y, bias, activation, save, add: residual && { tensor: residual, every: 1 } });
  if (!needsGrad) return y;
  recordLayer(y, save, (g, grads) => {
    if (residual) grads.alias(residual, g);
    inputGradient(x, grads, (epilogue) => product({ a: g, b: w, m, n: k, k: n, ...epilogue }));
    if (w.needsGrad && w.storage.buffer) weightGradient(x, g, w, bias, grads);
    else if (w.needsGrad) computedGradient(x, g, w, grads);
  });
  return y;
}

function weightGradient(x: Tensor, g: Tensor, w: Tensor, bias: Tensor | undefined, grads: Gradients): void {
  const [n, k] = w.shape;
  const ranges = split(x.graph, n, k, x.rows, 16);
  const rowSums = bias?.needsGrad ? grads.piece(bias, ranges.parts) : undefined;
  grads.partial(w, ranges.parts, (parts) => {
    const out = parts.reshape([ranges.parts * n, k]);
    product({ a: g, aT: true, b: x, m: n, n: k, k: x.rows, out, rowSums, split: ranges });
  });
}

/** The gradient of a W that other ops computed flows on to them. */
function computedGradient(x: Tensor, g: Tensor, w: Tensor, grads: Gradients): void {
  const [n, k] = w.shape;
  grads.add(w, (add) => {
    const out = x.graph.temp(w.shape, w.dtype);
    product({ a: g, aT: true, b: x, m: n, n: k, k: x.rows, out, add });
    return out;
  });
}
