/** Matrix products and the linear layer: bias, activation and residual ride in the product's epilogue. */
import type { Engine } from "../engine/device";
import type { Gradients, Graph, RowGradient, Tensor } from "../engine/graph";
import type { Constants } from "../engine/wgsl";
import { choice, fewestGroups, GEMM, type GemmVariant, smallGemm, wantedGroups } from "./variants";

export type Activation = "gelu" | "relu";
const ACTIVATION_CODE = { gelu: 1, relu: 2 };

interface Product {
  a: Tensor;
  /** A is stored transposed. */
  aT?: boolean;
  b: Tensor;
  bT?: boolean;
  m: number;
  n: number;
  k: number;
  out: Tensor;
  bias?: Tensor;
  activation?: Activation;
  /** Receives the activation's derivative. */
  save?: Tensor;
  /** Multiplied with the result, element by element. */
  factor?: Tensor;
  /** Added to the result. */
  add?: RowGradient;
  /** Receives sum_k A[i,k], per part. */
  rowSums?: Tensor;
  parts?: number;
}

const aligned = (t: Tensor) => t.offset % 4 === 0 && t.stride % 4 === 0;

/** Launches one product; see shaders/gemm.wgsl. */
function product(o: Product): void {
  const { graph } = o.a;
  const A_VEC = aligned(o.a) && (o.aT ? o.m : o.k) % 4 === 0;
  const B_VEC = aligned(o.b) && (o.bT ? o.k : o.n) % 4 === 0;
  const variant = variantFor(graph.engine, o.m, o.n, o.parts ?? 1, A_VEC && B_VEC);
  const layout: Constants = {
    ...variant.constants,
    A_T: o.aT ?? false,
    B_T: o.bT ?? false,
    A_VEC,
    B_VEC,
    C_VEC: aligned(o.out) && o.n % 4 === 0,
    K_TAIL: o.k % 4 !== 0,
    ROW_SUMS: o.rowSums !== undefined,
  };
  const { constants, bind, params } = epilogueOf(o);
  const tileGroups = groupsOf(variant, o.m, o.n);
  graph.launch("gemm", variant.entry, {
    constants: { ...layout, ...constants },
    bind,
    params: { ...params, tile_groups: tileGroups },
    groups: tileGroups + (o.rowSums ? Math.ceil(o.m / (4 * variant.workgroup)) : 0),
    z: o.parts ?? 1,
  });
}

/** What every entry point of the file is told. */
function epilogueOf(o: Product): { constants: Constants; bind: Record<string, Tensor>; params: Record<string, number> } {
  const parts = o.parts ?? 1;
  const constants = {
    BIAS: o.bias !== undefined,
    SAVE: o.save !== undefined,
    ACTIVATION: o.activation ? ACTIVATION_CODE[o.activation] : 0,
    SCALE: o.factor !== undefined,
    ADD: o.add !== undefined,
    ADD_SPARSE: (o.add?.every ?? 1) > 1,
  };
  const bind = {
    ...{ a4: o.a, a1: o.a, b4: o.b, b1: o.b, c4: o.out, c1: o.out },
    ...(o.bias && { bias: o.bias }),
    ...(o.save && { save4: o.save, save1: o.save }),
    ...(o.factor && { factor: o.factor }),
    ...(o.add && { other: o.add.tensor }),
    ...(o.rowSums && { row_sums: o.rowSums }),
  };
  const params = {
    ...{ m: o.m, n: o.n, k_size: o.k, k_part: partLength(o.k, parts) },
    ...{ a_offset: o.a.offset, lda: o.a.stride, b_offset: o.b.offset, ldb: o.b.stride },
    ...{ c_offset: o.out.offset, ldc: parts > 1 ? o.n : o.out.stride },
    ...{ add_offset: o.add?.tensor.offset ?? 0, ld_add: o.add?.tensor.stride ?? 0, add_every: o.add?.every ?? 1 },
    ...{ factor_offset: o.factor?.offset ?? 0, ld_factor: o.factor?.stride ?? 0, bias_offset: o.bias?.offset ?? 0, tile_groups: 0 },
  };
  return { constants, bind, params };
}

/**
 * The chosen variant where it pays: products too small to fill the adapter with its tiles, or whose rows are not
 * aligned to four floats, take the smallest tile, which is also the quickest to compile.
 */
function variantFor(engine: Engine, m: number, n: number, parts: number, aligned: boolean): GemmVariant {
  const variant = GEMM[choice(engine).gemm];
  return aligned && parts * groupsOf(variant, m, n) >= fewestGroups(engine) ? variant : smallGemm(engine);
}

function groupsOf(variant: GemmVariant, m: number, n: number): number {
  return Math.ceil((Math.ceil(m / variant.tile[0]) * Math.ceil(n / variant.tile[1])) / variant.tiles);
}

/** Length of one of `parts` ranges of k: a multiple of 16, so that every variant's steps end where a part ends. */
function partLength(k: number, parts: number): number {
  return Math.max(1, Math.ceil(Math.ceil(k / parts) / 16)) * 16;
}

/** Into how many parts to split the k range of a weight gradient: enough workgroups to fill the adapter, none idle. */
function partsFor({ engine }: Graph, m: number, n: number, k: number): number {
  const wanted = Math.ceil(wantedGroups(engine) / groupsOf(GEMM[choice(engine).gemm], m, n));
  return Math.max(1, Math.ceil(k / partLength(k, Math.max(1, Math.min(wanted, Math.ceil(k / 64), 65535)))));
}

/** C = A B for matrices A [m, k] and B [k, n], into `out` [m, n] when given. No gradient: layers use `linear`. */
export function matmul(a: Tensor, b: Tensor, out = a.graph.temp([a.rows, b.cols])): Tensor {
  if (a.cols !== b.rows) throw new Error(`matmul: A is [${a.shape}], B is [${b.shape}]`);
  product({ a, b, m: a.rows, n: b.cols, k: a.cols, out });
  return out;
}

/**
 * An activated tensor's derivative, so that the next layer's gradient product can apply it in its epilogue. The
 * derivative stands in for the values before the activation: gradients "at" it are gradients of those.
 */
const derivatives = new WeakMap<Tensor, Tensor>();

export interface LinearOptions {
  bias?: Tensor;
  activation?: Activation;
  /** Added to the result (not together with an activation). */
  residual?: Tensor;
}

/** y = act(x W^T + bias) + residual for x [.., K] and a parameter W [N, K] (timm's layout); y is [.., N]. */
export function linear(x: Tensor, w: Tensor, { bias, activation, residual }: LinearOptions = {}): Tensor {
  const [n, k] = w.shape;
  if (w.shape.length !== 2 || x.cols !== k) throw new Error(`linear: x is [${x.shape}], W is [${w.shape}]`);
  if (activation && residual) throw new Error("linear: an activation and a residual cannot be fused");
  const { graph } = x;
  const m = x.rows;
  const shape = [...x.shape.slice(0, -1), n];
  const needsGrad = x.needsGrad || w.needsGrad || (residual?.needsGrad ?? false);
  const y = graph.temp(shape, "f32", needsGrad);
  const save = activation && needsGrad ? graph.temp(shape, "f32", true) : undefined;
  product({ a: x, b: w, bT: true, m, n, k, out: y, bias, activation, save, add: residual && { tensor: residual, every: 1 } });
  if (!needsGrad) return y;
  graph.record(save ?? y, (g, grads) => {
    if (residual) grads.alias(residual, g);
    inputGradient(x, g, w, grads);
    if (w.needsGrad) weightGradient(x, g, w, bias, grads);
  });
  if (save) {
    derivatives.set(y, save);
    graph.record(y, (g, grads) => grads.add(save, (previous) => times(g, save, previous)));
  }
  return y;
}

function inputGradient(x: Tensor, g: Tensor, w: Tensor, grads: Gradients): void {
  const [n, k] = w.shape;
  const factor = derivatives.get(x);
  grads.add(factor ?? x, (add) => {
    const out = x.graph.temp(x.shape);
    product({ a: g, b: w, m: x.rows, n: k, k: n, out, add, factor });
    return out;
  });
}

function weightGradient(x: Tensor, g: Tensor, w: Tensor, bias: Tensor | undefined, grads: Gradients): void {
  const [n, k] = w.shape;
  const parts = partsFor(x.graph, n, k, x.rows);
  const out = grads.piece(w, parts);
  const rowSums = bias?.needsGrad ? grads.piece(bias, parts) : undefined;
  product({ a: g, aT: true, b: x, m: n, n: k, k: x.rows, out: out.reshape([parts * n, k]), rowSums, parts });
}

/** g times an activation's derivative, plus `add`: for gradients that do not come out of a product. */
function times(g: Tensor, factor: Tensor, add?: RowGradient): Tensor {
  const out = g.graph.temp(g.shape);
  const { constants, ...rest } = epilogueOf({ a: g, b: g, m: g.rows, n: g.cols, k: 0, out, factor, add });
  const vec = g.cols % 4 === 0;
  g.graph.launch("gemm", "epilogue", {
    ...rest,
    constants: { ...constants, A_VEC: vec && aligned(g), C_VEC: vec },
    threads: g.rows * Math.ceil(g.cols / 4),
  });
  return out;
}
