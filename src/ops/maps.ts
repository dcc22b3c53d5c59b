/** Element-wise and resizing operations on feature maps [B, H, W, C] without gaps; see shaders/maps.wgsl. */
import type { Gradients, RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";

/** [B, H, W, C] of a map. Throws unless it has four axes and no gaps. */
export function shapeOfMap(op: string, x: Tensor): [number, number, number, number] {
  if (x.shape.length !== 4) throw new Error(`${op}: a map has axes [B, H, W, C], not [${x.shape}]`);
  assertDense(op, x);
  return x.shape as [number, number, number, number];
}

function assertDense(op: string, x: Tensor): void {
  if (x.stride !== x.cols || x.offset !== 0 || x.dtype === "u32") throw new Error(`${op}: x is no tensor of floats without gaps`);
}

/** max(x, 0), any shape. */
export function relu(x: Tensor): Tensor {
  return combine("relu", x, undefined, true);
}

/** a + b, then ReLU with `relu`; the shapes must agree. */
export function add(a: Tensor, b: Tensor, options: { relu?: boolean } = {}): Tensor {
  if (a.size !== b.size || a.cols !== b.cols) throw new Error(`add: [${a.shape}] and [${b.shape}] do not match`);
  assertDense("add", b);
  return combine("add", a, b, options.relu ?? false);
}

function combine(op: string, a: Tensor, b: Tensor | undefined, RELU: boolean): Tensor {
  assertDense(op, a);
  const y = a.graph.temp(a.shape, "f32", a.needsGrad || (b?.needsGrad ?? false));
  launch(y, "combine", { a, ...(b && { b }), out: y }, { constants: { B: b !== undefined, RELU } });
  const passOn = (g: Tensor, grads: Gradients) => {
    for (const operand of b ? [a, b] : [a]) grads.alias(operand, g);
  };
  if (y.needsGrad) a.graph.record(y, (g, grads) => passOn(RELU ? passed(y, g) : g, grads));
  return y;
}

/** The share of g that passes the ReLU whose result is y. */
function passed(y: Tensor, g: Tensor): Tensor {
  const out = y.graph.temp(y.shape);
  launch(out, "combine_gradient", { a: g, b: y, out });
  return out;
}

/** Fewest elements for a lane of `scale`'s gradient, and most lanes: the optimizer adds up what each found. */
const SCALE_RUN = 64;
const SCALE_LANES = 256;

/** s x for a parameter s [1]: the learnable scale of a level's boxes. Any shape. */
export function scale(x: Tensor, s: Tensor): Tensor {
  assertDense("scale", x);
  if (s.size !== 1) throw new Error(`scale: the factor is [${s.shape}], not one number`);
  const y = x.graph.temp(x.shape, "f32", x.needsGrad || s.needsGrad);
  launch(y, "scale", { a: x, s, out: y });
  const lanes = Math.min(SCALE_LANES, Math.ceil(x.size / SCALE_RUN));
  const backward = (g: Tensor, ds: Tensor, previous?: RowGradient) => {
    const out = x.graph.temp(x.shape);
    launch(out, "scale_gradient", { a: x, b: g, s, out, ds }, { previous, params: { lanes }, threads: lanes });
    return out;
  };
  if (y.needsGrad)
    x.graph.record(y, (g, grads) => {
      const ds = s.needsGrad ? grads.piece(s, lanes) : x.graph.temp([lanes]);
      if (x.needsGrad) grads.add(x, (previous) => backward(g, ds, previous));
      else backward(g, ds);
    });
  return y;
}

/** x times mask f32 [B, gh, gw], each pixel by the cell that holds it (nearest). The mask gets no gradient. */
export function maskCells(x: Tensor, mask: Tensor): Tensor {
  const [batch, h, w] = shapeOfMap("maskCells", x);
  const [images, out_h, out_w] = mask.shape;
  if (mask.shape.length !== 3 || images !== batch) throw new Error(`maskCells: the mask is [${mask.shape}] for x [${x.shape}]`);
  const masked = (a: Tensor, previous?: RowGradient) => {
    const out = x.graph.temp(x.shape, "f32", x.needsGrad);
    launch(out, "mask_cells", { a, mask, out }, { previous, params: { h, w, out_h, out_w } });
    return out;
  };
  const y = masked(x);
  if (x.needsGrad) x.graph.record(y, (g, grads) => grads.add(x, (previous) => masked(g, previous)));
  return y;
}

/** x [B, h, w, C] -> [B, H, W, C]; output (i, j) is input (floor(i h / H), floor(j w / W)), as PyTorch's "nearest". */
export function upsampleNearest(x: Tensor, size: readonly [number, number]): Tensor {
  return resizeMap("nearest", "upsampleNearest", x, size);
}

/** x [B, h, w, C] -> [B, H, W, C] between the four nearest pixels, as PyTorch's "bilinear" with align_corners = false. */
export function upsampleBilinear(x: Tensor, size: readonly [number, number]): Tensor {
  return resizeMap("bilinear", "upsampleBilinear", x, size);
}

function resizeMap(entry: "nearest" | "bilinear", op: string, x: Tensor, [out_h, out_w]: readonly [number, number]): Tensor {
  const [batch, h, w, cols] = shapeOfMap(op, x);
  if (!(Math.min(out_h, out_w) > 0)) throw new Error(`${op}: cannot resize [${x.shape}] to [${out_h},${out_w}]`);
  const params = { h, w, out_h, out_w };
  const y = x.graph.temp([batch, out_h, out_w, cols], "f32", x.needsGrad);
  launch(y, entry, { a: x, out: y }, { params });
  const backward = (g: Tensor, previous?: RowGradient) => {
    const out = x.graph.temp(x.shape);
    launch(out, `${entry}_gradient`, { a: g, out }, { params, previous });
    return out;
  };
  if (x.needsGrad) x.graph.record(y, (g, grads) => grads.add(x, (previous) => backward(g, previous)));
  return y;
}

interface Extra {
  constants?: Record<string, boolean>;
  params?: Record<string, number>;
  /** The gradient that is there already. */
  previous?: RowGradient;
  threads?: number;
}

/** Lanes of four neighbours, none of them across two pixels. */
const fours = (out: Tensor) => out.rows * Math.ceil(out.cols / 4);

const NONE = { lanes: 0, h: 0, w: 0, out_h: 0, out_w: 0 };

function launch(out: Tensor, entry: string, bind: Record<string, Tensor>, { constants, params, previous, threads }: Extra = {}): void {
  const earlier = plus(previous);
  out.graph.launch("maps", entry, {
    constants: { ...constants, ...earlier.constants },
    bind: { ...bind, ...earlier.bind },
    params: { size: out.size, cols: out.cols, ...NONE, ...params, ...earlier.params },
    threads: threads ?? fours(out),
  });
}
