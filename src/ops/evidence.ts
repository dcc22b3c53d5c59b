/**
 * What an op computes on the GPU, beside what it must compute: values and gradients against a float64 reference. Tests (`check.ts`) and the
 * verification of an adapter (`verify.ts`) both judge by it.
 *
 * The reference is plain TypeScript over flat arrays. Its gradient is taken by central differences in float64, which at
 * eps 1e-5 are good to about nine digits, so the same function checks forward and backward. Of large inputs a sample of
 * elements is differentiated.
 */
import type { Engine } from "../engine/device";
import { Graph, type Launch, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";
import { halfOf, ROUNDOFF } from "./roundings";

/** Gradient elements compared per input: differences cost two references each. */
const SAMPLES = 40;

export interface Input {
  shape: number[];
  /** Values; random in [-1, 1) when absent. */
  data?: ArrayLike<number>;
  dtype?: "f32" | "u32";
  /** Check the gradient with respect to this input. */
  grad?: boolean;
  /** Kept in f16: as a weight, of which kernels read a copy, or as what another layer handed on. */
  half?: "weight" | "activation";
  /** Never kept in f16. */
  whole?: true;
}

export interface Check {
  inputs: Record<string, Input>;
  /** The op under test: returns the tensors to compare. The first is differentiated. */
  op(tensors: Record<string, Tensor>, graph: Graph): Tensor | Tensor[];
  /** The same in float64: a flat array for each returned tensor. */
  reference(values: Record<string, Float64Array>): ArrayLike<number>[];
  /** Largest allowed |difference| / max(1, |reference|); gradients get ten times that. Default 1e-5. */
  tolerance?: number;
  seed?: number;
  /** Gradient elements compared per input. */
  samples?: number;
}

/**
 * The same check with its floats kept in f16: rounded before, so that the reference gets the numbers that the kernels get. What ops hand on is
 * then rounded, too, a few times until it is compared: values may stray by eight roundings, gradients by ten times that as ever.
 */
export function inHalves(spec: Check): Check {
  const entries = Object.entries(spec.inputs).map(([name, input], i) => {
    if (input.dtype === "u32" || input.whole) return [name, input];
    const half = i === 0 ? ("activation" as const) : ("weight" as const);
    return [name, { ...input, half, data: valuesOf(input, i, spec.seed ?? 1).map(halfOf) }];
  });
  return { ...spec, inputs: Object.fromEntries(entries), tolerance: Math.max(spec.tolerance ?? 0, 8 * ROUNDOFF) };
}

type Values = Record<string, Float64Array>;

/** Numbers that must agree, by what they are: `out0`, or `gradient of x at 0,3`. */
export interface Part {
  what: string;
  values: ArrayLike<number>;
  gradient: boolean;
}

const references = new WeakMap<Check, Part[]>();

/** What the reference says. It does not depend on the adapter, so all variants of a kernel are held against one, which is computed once. */
export function expected(spec: Check): Part[] {
  if (!references.has(spec)) references.set(spec, computed(spec));
  return references.get(spec) as Part[];
}

function computed(spec: Check): Part[] {
  const values = inputsOf(spec);
  const results = spec.reference(values);
  const weights = weightsFor(results[0].length);
  return [
    ...results.map((result, i) => ({ what: `out${i}`, values: result, gradient: false })),
    ...wanted(spec).map((name) => {
      const at = sampled(values[name].length, spec.samples ?? SAMPLES);
      return { what: `gradient of ${name} at ${at}`, values: differences(spec, values, name, weights, at), gradient: true };
    }),
  ];
}

/** The same from the GPU, in the same order. `timed` hears of the program once its results are known, before its memory is given back. */
export async function observed(engine: Engine, spec: Check, timed?: (program: Program) => Promise<void>): Promise<Part[]> {
  const { graph, results, outputs, pieces, release } = traced(engine, spec);
  const program = await Program.compile(graph, outputs).finally(release);
  const fetched = await program.fetch();
  await timed?.(program);
  program.dispose();
  return [
    ...results.map((_, i) => ({ what: `out${i}`, values: fetched[`out${i}`], gradient: false })),
    ...wanted(spec).map((name) => {
      const { shape } = spec.inputs[name];
      const found = summed(
        fetched,
        pieces[name],
        shape.reduce((a, b) => a * b, 1),
      );
      const at = sampled(found.length, spec.samples ?? SAMPLES);
      return { what: `gradient of ${name} at ${at}`, values: Float64Array.from(at, (i) => found[i]), gradient: true };
    }),
  ];
}

/** The launches of a check and of its gradients. */
export function launchesOf(engine: Engine, spec: Check): readonly Launch[] {
  const { graph, release } = traced(engine, spec);
  release();
  return graph.launches;
}

/** Records a check with its inputs' values, and what gives their memory back. */
function traced(engine: Engine, spec: Check) {
  const values = inputsOf(spec);
  const graph = new Graph(engine);
  const tensors: Record<string, Tensor> = {};
  const buffers: GPUBuffer[] = [];
  for (const [name, input] of Object.entries(spec.inputs)) {
    const buffer = upload(engine, values[name], input.dtype ?? "f32");
    buffers.push(buffer);
    tensors[name] = graph.fixed(buffer, input.shape, input.dtype, 0, input.grad ?? false);
  }
  const results = [spec.op(asKept(graph, spec, tensors), graph)].flat();
  const outputs = Object.fromEntries(results.map((t, i) => [`out${i}`, graph.readable(t)]));
  const names = wanted(spec);
  const pieces = names.length ? gradientOutputs(engine, graph, tensors, names, results[0], outputs, buffers) : {};
  const release = () => {
    for (const buffer of buffers) engine.giveBuffer(buffer);
  };
  return { graph, results, outputs, pieces, release };
}

/** The inputs as the op sees them. */
function asKept(graph: Graph, { inputs }: Check, tensors: Record<string, Tensor>): Record<string, Tensor> {
  const kept = Object.entries(tensors).map(([name, tensor]) => {
    const { half } = inputs[name];
    if (half === "activation") return [name, graph.cast(tensor, "f16")];
    if (half === "weight") tensor.storage.half = graph.cast(tensor.detach(), "f16").storage;
    return [name, tensor];
  });
  return Object.fromEntries(kept);
}

const wanted = ({ inputs }: Check): string[] => Object.keys(inputs).filter((name) => inputs[name].grad);

const inputsOf = ({ inputs, seed = 1 }: Check): Values =>
  Object.fromEntries(Object.entries(inputs).map(([name, input], i) => [name, valuesOf(input, i, seed)]));

/** Upstream gradients of a result. */
const weightsFor = (size: number): Float64Array => randoms(size, 77);

interface Piece {
  key: string;
  from: number;
  size: number;
  parts: number;
}

/** Plants random upstream gradients and names every tensor that then holds (part of) a wanted gradient. */
function gradientOutputs(
  engine: Engine,
  graph: Graph,
  tensors: Record<string, Tensor>,
  wanted: string[],
  result: Tensor,
  outputs: Record<string, Tensor>,
  buffers: GPUBuffer[],
): Record<string, Piece[]> {
  const seed = upload(engine, weightsFor(result.size), "f32");
  buffers.push(seed);
  const grads = graph.gradients((g) => g.alias(result, graph.fixed(seed, result.shape)));
  const found: Record<string, Piece[]> = {};
  for (const name of wanted) {
    found[name] = [];
    for (const [i, piece] of grads.pieces.entries()) {
      if (piece.parameter !== tensors[name].storage) continue;
      outputs[`p${i}`] = piece.tensor;
      found[name].push({ key: `p${i}`, from: piece.from, size: piece.size, parts: piece.parts });
    }
  }
  return found;
}

function summed(fetched: Record<string, Float32Array | Uint32Array>, parts: Piece[], size: number): Float64Array {
  const sum = new Float64Array(size);
  for (const { key, from, size: n, parts: copies } of parts)
    for (let c = 0; c < copies; c++) for (let i = 0; i < n; i++) sum[from + i] += fetched[key][c * n + i];
  return sum;
}

/** Central differences of the weighted sum of the first result, at the elements `at` of one input. */
function differences(spec: Check, values: Values, name: string, weights: Float64Array, at: number[]): number[] {
  const total = (changed: Float64Array) => {
    const first = spec.reference({ ...values, [name]: changed })[0];
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += weights[i] * first[i];
    return sum;
  };
  const eps = 1e-5;
  return at.map((i) => {
    const up = total(values[name].with(i, values[name][i] + eps));
    const down = total(values[name].with(i, values[name][i] - eps));
    return (up - down) / (2 * eps);
  });
}

/** Up to so many places, spread over an array with the first and the last among them. */
function sampled(length: number, samples: number): number[] {
  if (length <= samples) return Array.from({ length }, (_, i) => i);
  const between = Array.from({ length: samples - 2 }, (_, i) => Math.floor(uniform(5, 0, 0, i) * length));
  return [0, ...between, length - 1];
}

/** Where two arrays differ most, by |difference| / max(1, |expected|). An error that is no number is the worst there is. */
export interface Deviation {
  error: number;
  at: number;
}

export function deviation(found: ArrayLike<number>, expected: ArrayLike<number>): Deviation {
  let worst: Deviation = { error: 0, at: -1 };
  for (let at = 0; at < found.length; at++) {
    const error = Math.abs(found[at] - expected[at]) / Math.max(1, Math.abs(expected[at]));
    if (Number.isNaN(error)) return { error, at };
    if (error > worst.error) worst = { error, at };
  }
  return worst;
}

/** Throws when `found` strays from `expected` by more than `tolerance` times max(1, |expected|). */
export function compare(what: string, found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  if (found.length !== expected.length) throw new Error(`${what}: ${found.length} values, expected ${expected.length}`);
  const { error, at } = deviation(found, expected);
  if (!(error <= tolerance))
    throw new Error(`${what}[${at}]: ${found[at]}, expected ${expected[at]} (error ${error}, allowed ${tolerance})`);
}

function valuesOf(input: Input, i: number, seed: number): Float64Array {
  return input.data
    ? Float64Array.from(input.data, input.dtype === "u32" ? Number : Math.fround)
    : randoms(
        input.shape.reduce((a, b) => a * b, 1),
        1000 * seed + i,
      );
}

/** Seeded values in [-1, 1), exact in float32. */
export function randoms(count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.fround(2 * uniform(seed, 0, 0, i) - 1));
}

export function upload(engine: Engine, values: ArrayLike<number>, dtype: "f32" | "u32"): GPUBuffer {
  const buffer = engine.takeBuffer(4 * values.length);
  const data = dtype === "u32" ? Uint32Array.from(values) : Float32Array.from(values);
  engine.device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}
