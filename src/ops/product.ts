/** Launches of the matrix product (shaders/gemm.wgsl): its parameters and its variant. Layers are made of these. */
import type { Engine } from "../engine/device";
import type { Dtype, Gradients, Graph, RowGradient, Tensor } from "../engine/graph";
import type { Constants } from "../engine/wgsl";
import { fewestGroups, partsOf } from "./machine";
import { type Choice, choice, GEMM, type GemmVariant, machine, smallestGemm } from "./variants";

/** `quick_gelu` is CLIP's x sigmoid(1.702 x). */
export type Activation = "gelu" | "relu" | "quick_gelu";
const ACTIVATION_CODE = { gelu: 1, relu: 2, quick_gelu: 3 };

export interface Product {
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
  /** Ranges k falls into, each with a copy of `out`. */
  split?: Split;
  /** One factor is gathered from feature maps. */
  gather?: Gather;
}

export interface Split {
  parts: number;
  /** Of one part: floats along k, or segments of a gathered B. */
  length: number;
}

/** The modes and parameters of GATHER in shaders/gemm.wgsl. */
export interface Gather {
  mode: 1 | 2 | 3;
  params: Record<(typeof GATHERED)[number], number>;
  /** Classes of pixels (mode 2), along z. */
  classes?: number;
}

const GATHERED = [
  ...(["height", "line", "channels", "grid_height", "grid_width", "lines"] as const),
  ...(["kernel_height", "kernel_width", "stride", "padding", "out_height", "out_width"] as const),
];
const NOTHING_GATHERED = Object.fromEntries(GATHERED.map((name) => [name, 0]));

/** How what a layer makes with the weight w is stored: as kernels read w. */
export const madeWith = (w: Tensor): Dtype => (w.storage.half ? "f16" : w.dtype);

const aligned = (t: Tensor) => t.offset % 4 === 0 && t.stride % 4 === 0;

/** Launches one product; see shaders/gemm.wgsl. */
export function product(o: Product): void {
  const { graph } = o.a;
  const A_VEC = aligned(o.a) && (o.aT ? o.m : o.k) % 4 === 0;
  const B_VEC = aligned(o.b) && (o.bT ? o.k : o.n) % 4 === 0;
  const z = o.gather?.classes ?? o.split?.parts ?? 1;
  const variant = A_VEC && B_VEC ? variantFor(graph.engine, o, z) : GEMM[smallestGemm(graph.engine.facts)];
  const layout: Constants = {
    ...variant.constants,
    A_T: o.aT ?? false,
    B_T: o.bT ?? false,
    A_VEC,
    B_VEC,
    C_VEC: aligned(o.out) && o.n % 4 === 0,
    K_TAIL: o.k % 4 !== 0,
    ROW_SUMS: o.rowSums !== undefined,
    GATHER: o.gather?.mode ?? 0,
  };
  const { constants, bind, params } = epilogueOf(o);
  const tileGroups = groupsOf(variant, o.m, o.n);
  graph.launch("gemm", variant.entry, {
    constants: { ...layout, ...constants },
    bind,
    params: { ...params, tile_groups: tileGroups },
    groups: tileGroups + (o.rowSums && variant.entry !== "quad" ? Math.ceil(o.m / (4 * variant.workgroup)) : 0),
    z,
    work: 2 * o.m * o.n * o.k * segmentsOf(o.gather),
  });
}

/** How often the k range is walked through, all classes of pixels together: see GATHER in shaders/gemm.wgsl. */
function segmentsOf(gather: Gather | undefined): number {
  if (!gather) return 1;
  const { kernel_height, kernel_width, lines } = gather.params;
  return { 1: kernel_height, 2: kernel_height * kernel_width, 3: lines }[gather.mode];
}

/** Parameters of every entry point of the file. */
function epilogueOf(o: Product): { constants: Constants; bind: Record<string, Tensor>; params: Record<string, number> } {
  const { parts, length } = o.split ?? { parts: 1, length: partLength(o.k, 1, 16) };
  const vec = (t?: Tensor) => t !== undefined && aligned(t) && o.n % 4 === 0;
  const constants = {
    BIAS: o.bias !== undefined,
    SAVE: o.save !== undefined,
    ACTIVATION: o.activation ? ACTIVATION_CODE[o.activation] : 0,
    SCALE: o.factor !== undefined,
    SCALE_VEC: vec(o.factor),
    ADD: o.add !== undefined,
    ADD_SPARSE: (o.add?.every ?? 1) > 1,
    ADD_VEC: vec(o.add?.tensor),
  };
  const bind = {
    ...{ a4: o.a, a1: o.a, b4: o.b, b1: o.b, c4: o.out, c1: o.out },
    ...(o.bias && { bias: o.bias }),
    ...(o.save && { save4: o.save, save1: o.save }),
    ...(o.factor && { factor4: o.factor, factor1: o.factor }),
    ...(o.add && { other4: o.add.tensor, other1: o.add.tensor }),
    ...(o.rowSums && { row_sums: o.rowSums }),
  };
  const params = {
    ...{ m: o.m, n: o.n, k_size: o.k, k_part: length },
    ...{ a_offset: o.a.offset, lda: o.a.stride, b_offset: o.b.offset, ldb: o.b.stride },
    ...{ c_offset: o.out.offset, ldc: parts > 1 ? o.n : o.out.stride },
    ...{ add_offset: o.add?.tensor.offset ?? 0, ld_add: o.add?.tensor.stride ?? 0, add_every: o.add?.every ?? 1 },
    ...{ factor_offset: o.factor?.offset ?? 0, ld_factor: o.factor?.stride ?? 0, bias_offset: o.bias?.offset ?? 0, tile_groups: 0 },
    ...(o.gather?.params ?? NOTHING_GATHERED),
  };
  return { constants, bind, params };
}

/** The variant chosen for the class of shapes that a product [m, n] is of; z of them are computed at once. Its rows are aligned to four floats. */
function variantFor(engine: Engine, { m, n, aT }: Pick<Product, "m" | "n" | "aT">, z: number): GemmVariant {
  const chosen = choice(engine);
  const of = (name: keyof Choice) => GEMM[chosen[name]];
  const [rows, columns] = of("gemm.large").tile;
  const variant = of(2 * m <= rows ? "gemm.flat" : 2 * n <= columns ? "gemm.narrow" : aT ? "gemm.deep" : "gemm.large");
  return z * busyGroups(variant, m, n) < fewestGroups(machine(engine)) ? of("gemm.small") : variant;
}

/** Workgroups of a product [m, n], counted as those of 64 lanes: of more lanes fewer run at once. */
export const busyGroups = (variant: GemmVariant, m: number, n: number): number =>
  groupsOf(variant, m, n) * Math.max(1, variant.workgroup / 64);

function groupsOf(variant: GemmVariant, m: number, n: number): number {
  return Math.ceil((Math.ceil(m / variant.tile[0]) * Math.ceil(n / variant.tile[1])) / variant.tiles);
}

const partLength = (count: number, parts: number, unit: number) => Math.max(1, Math.ceil(Math.ceil(count / parts) / unit)) * unit;

/**
 * Splits the k range of a weight gradient [m, n] as the model of the adapter says. The range has `count` steps of `depth` floats; a part has a
 * multiple of `unit`: 16 floats, or every variant's steps would not end with it.
 */
export function split({ engine }: Graph, m: number, n: number, count: number, unit: number, depth = 1): Split {
  const groups = busyGroups(GEMM[choice(engine)["gemm.deep"]], m, n);
  const length = partLength(count, partsOf(machine(engine), { groups, k: count * depth, size: m * n }), unit);
  return { parts: Math.max(1, Math.ceil(count / length)), length };
}

/**
 * An activated tensor's derivative, so that the next layer's gradient product can apply it in its epilogue. The
 * derivative stands in for the values before the activation: gradients "at" it are gradients of those.
 */
const derivatives = new WeakMap<Tensor, Tensor>();

/** Declares how gradients flow back from a layer's result, past its activation when it saved the derivative of one. */
export function recordLayer(y: Tensor, save: Tensor | undefined, backward: (g: Tensor, grads: Gradients) => void): void {
  const { graph } = y;
  graph.record(save ?? y, backward);
  if (!save) return;
  derivatives.set(y, save);
  graph.record(y, (g, grads) => grads.add(save, (previous) => times(g, save, previous)));
}

/** The gradient of a layer's input x: `launch` writes it; its epilogue adds the gradient there already and applies x's own activation. */
export function inputGradient(x: Tensor, grads: Gradients, launch: (o: Pick<Product, "out" | "add" | "factor">) => void): void {
  const factor = derivatives.get(x);
  grads.add(factor ?? x, (add) => {
    const out = x.graph.temp(x.shape, x.dtype);
    launch({ out, add, factor });
    return out;
  });
}

/** g times an activation's derivative, plus `add`: for gradients that do not come out of a product. */
function times(g: Tensor, factor: Tensor, add?: RowGradient): Tensor {
  const out = g.graph.temp(g.shape, factor.dtype);
  const { constants, ...rest } = epilogueOf({ a: g, b: g, m: g.rows, n: g.cols, k: 0, out, factor, add });
  const vec = g.cols % 4 === 0;
  g.graph.launch("gemm", "epilogue", {
    ...rest,
    constants: { ...constants, A_VEC: vec && aligned(g), C_VEC: vec },
    threads: g.rows * Math.ceil(g.cols / 4),
  });
  return out;
}
