/**
 * Convolution of feature maps [B, H, W, C] as a matrix product that gathers its rows: no patches are written out. A row is
 * a pixel, a column an output channel; what k counts is said in shaders/gemm.wgsl.
 */
import type { Gradients, Tensor } from "../engine/graph";
import { linear } from "./linear";
import { type Gather, inputGradient, madeWith, type Product, product, recordLayer, split } from "./product";

export interface ConvOptions {
  bias?: Tensor;
  stride?: number;
  /** Zeros round the map, on each side; by default as many as keep its size at stride 1. */
  padding?: number;
  activation?: "relu";
}

/** y = act(x * W + bias) for x [B, H, W, C] without gaps and a parameter W [O, kh, kw, C]; y is [B, OH, OW, O]. */
export function conv2d(x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor {
  const { bias, stride = 1, activation } = options;
  const [kh, kw] = w.shape.slice(1);
  const padding = options.padding ?? (kh - 1) / 2;
  const { graph } = x;
  check(x, w, stride, padding);
  if (kh === 1 && kw === 1 && stride === 1 && padding === 0) return linear(x, matrix(w), { bias, activation });
  const c: Convolution = { x, w, rows: matrix(w), bias, stride, padding, size: outputSize(x, w, stride, padding) };
  const shape = [x.shape[0], ...c.size, w.shape[0]];
  const needsGrad = x.needsGrad || w.needsGrad;
  const dtype = madeWith(w);
  const y = graph.temp(shape, dtype, needsGrad);
  const save = activation && needsGrad ? graph.temp(shape, dtype, true) : undefined;
  product({ ...{ a: x, b: c.rows, bT: true, m: y.rows, n: y.cols, k: kw * x.cols }, out: y, bias, activation, save, gather: forward(c) });
  if (!needsGrad) return y;
  recordLayer(y, save, (g, grads) => {
    inputGradient(x, grads, (epilogue) => product({ ...backward(c, g), ...epilogue }));
    if (w.needsGrad) weightGradient(c, g, grads);
  });
  return y;
}

interface Convolution {
  x: Tensor;
  w: Tensor;
  /** W as [O, kh kw C]. */
  rows: Tensor;
  bias?: Tensor;
  stride: number;
  padding: number;
  /** Of the result. */
  size: [height: number, width: number];
}

const matrix = (w: Tensor) => w.reshape([w.shape[0], w.size / w.shape[0]]);

function outputSize({ shape: [, h, width] }: Tensor, { shape: [, kh, kw] }: Tensor, stride: number, padding: number): [number, number] {
  return [Math.floor((h + 2 * padding - kh) / stride) + 1, Math.floor((width + 2 * padding - kw) / stride) + 1];
}

function check(x: Tensor, w: Tensor, stride: number, padding: number): void {
  const fits = x.shape.length === 4 && w.shape.length === 4 && x.cols === w.cols;
  if (!fits || x.stride !== x.cols) throw new Error(`conv2d: x is [${x.shape}], rows ${x.stride} apart; W is [${w.shape}]`);
  if (!(Number.isInteger(stride) && stride > 0 && Number.isInteger(padding) && padding >= 0))
    throw new Error(`conv2d: stride ${stride}, padding ${padding}`);
  if (outputSize(x, w, stride, padding).some((side) => side < 1))
    throw new Error(`conv2d: a kernel [${w.shape}] is larger than a map [${x.shape}] with padding ${padding}`);
}

/** Parameters for gathering from `maps`, for rows that are the pixels of maps of size `grid`. */
function gathering(c: Convolution, mode: Gather["mode"], maps: Tensor, [height, width]: readonly number[]): Gather {
  const params = {
    ...{ height: maps.shape[1], line: maps.shape[2] * maps.cols, channels: maps.cols },
    ...{ grid_height: height, grid_width: width, lines: maps.shape[0] * height },
    ...{ kernel_height: c.w.shape[1], kernel_width: c.w.shape[2], stride: c.stride, padding: c.padding },
    ...{ out_height: c.x.shape[1], out_width: c.x.shape[2] },
  };
  return { mode, params };
}

const forward = (c: Convolution): Gather => gathering(c, 1, c.x, c.size);

/** dx: for each class of pixels, whose rows and columns leave the same rest modulo stride, a product over the taps that reach it. */
function backward(c: Convolution, g: Tensor): Omit<Product, "out"> {
  const grid = c.x.shape.slice(1, 3).map((side) => Math.ceil(side / c.stride));
  const maps = g.reshape([c.x.shape[0], ...c.size, c.w.shape[0]]);
  const gather = { ...gathering(c, 2, maps, grid), classes: c.stride ** 2 };
  return { a: maps, b: c.rows, m: c.x.shape[0] * grid[0] * grid[1], n: c.x.cols, k: maps.cols, gather };
}

function weightGradient(c: Convolution, g: Tensor, grads: Gradients): void {
  const { rows, cols } = c.rows;
  const gather = gathering(c, 3, c.x, c.size);
  const ranges = split(g.graph, rows, cols, gather.params.lines, 1, c.size[1]);
  const rowSums = c.bias?.needsGrad ? grads.piece(c.bias, ranges.parts) : undefined;
  grads.partial(c.w, ranges.parts, (parts) => {
    const out = parts.reshape([ranges.parts * rows, cols]);
    product({ ...{ a: g, aT: true, b: c.x, m: rows, n: cols, k: c.size[1] }, out, rowSums, split: ranges, gather });
  });
}
