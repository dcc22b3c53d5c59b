/**
 * The one way an op is proven: run it on the GPU, compare values and gradients with a float64 reference.
 *
 * The reference is plain TypeScript over flat arrays. Its gradient is taken by central differences in float64, which at
 * eps 1e-5 are good to about nine digits, so the same function checks forward and backward. Of large inputs a sample of
 * elements is differentiated.
 */
import { nodeGPU } from "../cli/device.node";
import { type Engine, type EngineOptions, openEngine } from "../engine/device";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { uniform } from "../engine/random";

/** Gradient elements compared per input: differences cost two references each. */
const SAMPLES = 40;

const engines = new Map<string, Promise<Engine>>();

/** An engine on Node's adapter, shared by the tests of one process. */
export function testEngine(options: EngineOptions = {}): Promise<Engine> {
  const key = JSON.stringify(options);
  let engine = engines.get(key);
  if (!engine) {
    engine = nodeGPU().then((gpu) => openEngine(gpu, options));
    engines.set(key, engine);
  }
  return engine;
}

export interface Input {
  shape: number[];
  /** Values; random in [-1, 1) when absent. */
  data?: ArrayLike<number>;
  dtype?: "f32" | "u32";
  /** Check the gradient with respect to this input. */
  grad?: boolean;
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
}

/** Runs a check; throws with the worst element when values or gradients disagree. */
export async function check(engine: Engine, spec: Check): Promise<void> {
  const values = Object.fromEntries(Object.entries(spec.inputs).map(([name, input], i) => [name, valuesOf(input, i, spec.seed ?? 1)]));
  const graph = new Graph(engine);
  const tensors: Record<string, Tensor> = {};
  const buffers: GPUBuffer[] = [];
  for (const [name, input] of Object.entries(spec.inputs)) {
    const buffer = upload(engine, values[name], input.dtype ?? "f32");
    buffers.push(buffer);
    tensors[name] = graph.fixed(buffer, input.shape, input.dtype, 0, input.grad ?? false);
  }
  const results = [spec.op(tensors, graph)].flat();
  const outputs: Record<string, Tensor> = Object.fromEntries(results.map((t, i) => [`out${i}`, t]));
  const wanted = Object.keys(spec.inputs).filter((name) => spec.inputs[name].grad);
  const weights = randoms(results[0].size, 77);
  const parts = wanted.length ? gradientOutputs(engine, graph, tensors, wanted, results[0], weights, outputs, buffers) : {};
  const program = await Program.compile(graph, outputs);
  const fetched = await program.fetch();
  program.dispose();
  for (const buffer of buffers) engine.giveBuffer(buffer);
  const tolerance = spec.tolerance ?? 1e-5;
  for (const [i, expected] of spec.reference(values).entries()) compare(`out${i}`, fetched[`out${i}`], expected, tolerance);
  for (const name of wanted) {
    const found = summed(fetched, parts[name], values[name].length);
    const at = sampled(found.length);
    const expected = differences(spec, values, name, weights, at);
    compare(
      `gradient of ${name} at ${at}`,
      Float64Array.from(at, (i) => found[i]),
      expected,
      10 * tolerance,
    );
  }
}

interface Part {
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
  weights: Float64Array,
  outputs: Record<string, Tensor>,
  buffers: GPUBuffer[],
): Record<string, Part[]> {
  const seed = upload(engine, weights, "f32");
  buffers.push(seed);
  const grads = graph.gradients((g) => g.alias(result, graph.fixed(seed, result.shape)));
  const found: Record<string, Part[]> = {};
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

function summed(fetched: Record<string, Float32Array | Uint32Array>, parts: Part[], size: number): Float64Array {
  const sum = new Float64Array(size);
  for (const { key, from, size: n, parts: copies } of parts)
    for (let c = 0; c < copies; c++) for (let i = 0; i < n; i++) sum[from + i] += fetched[key][c * n + i];
  return sum;
}

/** Central differences of the weighted sum of the first result, at the elements `at` of one input. */
function differences(spec: Check, values: Record<string, Float64Array>, name: string, weights: Float64Array, at: number[]): number[] {
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

/** Up to SAMPLES places, spread over an array with the first and the last among them. */
function sampled(length: number): number[] {
  if (length <= SAMPLES) return Array.from({ length }, (_, i) => i);
  const between = Array.from({ length: SAMPLES - 2 }, (_, i) => Math.floor(uniform(5, 0, 0, i) * length));
  return [0, ...between, length - 1];
}

/** Throws when `found` strays from `expected` by more than `tolerance` times max(1, |expected|). */
export function compare(what: string, found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  if (found.length !== expected.length) throw new Error(`${what}: ${found.length} values, expected ${expected.length}`);
  let worst = 0;
  let at = -1;
  for (let i = 0; i < found.length; i++) {
    const error = Math.abs(found[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    if (error > worst || Number.isNaN(error)) [worst, at] = [error, i];
    if (Number.isNaN(error)) break;
  }
  if (!(worst <= tolerance))
    throw new Error(`${what}[${at}]: ${found[at]}, expected ${expected[at]} (error ${worst}, allowed ${tolerance})`);
}

function valuesOf(input: Input, i: number, seed: number): Float64Array {
  return input.data
    ? Float64Array.from(input.data, Math.fround)
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
