/**
 * The optimizers in float64, and a small model for them whose gradients are planted as backward kernels leave them: in parts to be summed,
 * and in pieces that cover a parameter together or over each other.
 */
import type { Engine } from "../engine/device";
import { type Gradients, Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { Params } from "../models/params";
import type { Weights } from "../models/weights";
import { randoms, upload } from "../ops/evidence";
import type { OptimizerOptions } from "../tasks/task";
import { deitDecay, Optimizer } from "./optimizer";

/** A piece of gradient: rows `from` to `to` of a parameter (all when absent), in parts. */
export interface Plan {
  name: string;
  rows?: [from: number, to: number];
  parts: number;
}

/** Sizes below, at and above a block of 64. */
export const SHAPES: Record<string, number[]> = {
  cls_token: [1, 1, 4],
  pos_embed: [1, 2, 40],
  "qkv.weight": [6, 13],
  "qkv.bias": [6],
  "norm.weight": [64],
  "frozen.weight": [9, 9],
  "head.weight": [3, 100],
};

/** As a ViT leaves them: qkv in two ranges of rows, or as a whole, or both; the order of backward, not of the file. */
export const PLAN: Plan[] = [
  { name: "head.weight", parts: 3 },
  { name: "norm.weight", parts: 2 },
  { name: "qkv.weight", rows: [0, 2], parts: 2 },
  { name: "qkv.bias", rows: [0, 2], parts: 2 },
  { name: "pos_embed", parts: 1 },
  { name: "qkv.weight", rows: [2, 6], parts: 5 },
  { name: "qkv.bias", rows: [2, 6], parts: 5 },
  { name: "cls_token", parts: 1 },
  { name: "qkv.weight", parts: 1 },
];

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

export function weightsOf(shapes: Record<string, number[]>, seed = 3): Weights {
  return new Map(
    Object.entries(shapes).map(([name, shape], i) => [name, { shape, data: Float32Array.from(randoms(product(shape), seed + i)) }]),
  );
}

/** Parameters, their optimizer, and a program that updates from whatever gradients lie in `sources`. */
export interface Rig {
  engine: Engine;
  params: Params;
  optimizer: Optimizer;
  sources: GPUBuffer[];
  program: Program;
}

export async function rig(engine: Engine, options: OptimizerOptions, weights = weightsOf(SHAPES), plan = PLAN): Promise<Rig> {
  const params = new Params(engine, weights);
  const optimizer = new Optimizer(params, options);
  const sources = plan.map((p) => upload(engine, new Float32Array(p.parts * length(p)), "f32"));
  return { engine, params, optimizer, sources, program: await trace({ engine, params, optimizer, sources }, plan) };
}

/** Gives its memory back. */
export function release({ engine, params, optimizer, sources, program }: Rig): void {
  program.dispose();
  optimizer.destroy();
  params.destroy();
  for (const source of sources) engine.giveBuffer(source);
}

export async function trace({ engine, params, optimizer, sources }: Omit<Rig, "program">, plan = PLAN): Promise<Program> {
  const graph = new Graph(engine, optimizer.mixed);
  const bound = params.on(graph, true);
  const grads = graph.gradients((g) => {
    for (const [i, p] of plan.entries()) plant(g, p.rows ? bound[p.name].slice(...p.rows) : bound[p.name], sources[i], p.parts);
  });
  const scale = optimizer.update(grads);
  return Program.compile(graph, scale ? { scale } : {});
}

/** Copies a buffer into a piece of the gradient. */
export function plant(grads: Gradients, parameter: Tensor, source: GPUBuffer, parts: number): void {
  const { graph, size } = parameter;
  graph.launch("elementwise", "add_rows", {
    constants: { A: false },
    bind: { b: graph.fixed(source, [parts, size]), out: grads.piece(parameter, parts) },
    params: { rows: parts, cols: size, a_offset: 0, a_stride: 0, b_offset: 0, b_stride: size, every: 1 },
    threads: parts * size,
  });
}

function length({ name, rows }: Plan): number {
  const shape = SHAPES[name];
  return rows ? (rows[1] - rows[0]) * product(shape.slice(1)) : product(shape);
}

/** Gradients of step `t`, one array per piece. */
export const gradientsAt = (t: number, plan = PLAN) => plan.map((p, i) => randoms(p.parts * length(p), 1000 * t + i));

/** One update; returns what the program gives back. */
export async function step(r: Rig, gradients: Float64Array[]): Promise<Float32Array | undefined> {
  for (const [i, g] of gradients.entries()) r.engine.device.queue.writeBuffer(r.sources[i], 0, Float32Array.from(g));
  r.optimizer.advance();
  return (await r.program.fetch()).scale as Float32Array | undefined;
}

/** The optimizer again, in float64. */
export class Reference {
  readonly weights = new Map([...weightsOf(SHAPES)].map(([name, { data }]) => [name, Float64Array.from(data)]));
  private readonly first = new Map<string, Float64Array>();
  private readonly second = new Map<string, Float64Array>();
  private t = 0;

  constructor(private readonly options: OptimizerOptions) {}

  /** Returns [scale, norm]. */
  update(pieces: Float64Array[], knobs: { lr: number; decay: number; limit: number }): [number, number] {
    const gradients = summed(pieces);
    const norm = Math.sqrt([...gradients.values()].reduce((sum, g) => sum + g.reduce((s, v) => s + v * v, 0), 0));
    const scale = this.options.clip === "all" ? Math.min(1, knobs.limit / norm) : 1;
    const own = (g: Float64Array) => (this.options.clip === "each" ? Math.min(1, knobs.limit / Math.hypot(...g)) : scale);
    this.t++;
    for (const [name, g] of gradients) this.change(name, g, own(g), knobs);
    return [scale, norm];
  }

  private change(name: string, gradient: Float64Array, scale: number, knobs: { lr: number; decay: number }): void {
    const { kind, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decays = deitDecay, waits } = this.options;
    const { decay } = knobs;
    const lr = waits?.which(name) && waits.hold.value ? 0 : knobs.lr;
    const w = this.weights.get(name) as Float64Array;
    const [m, v] = [this.first, this.second].map((map) => map.get(name) ?? new Float64Array(w.length));
    const rate = decays(name, SHAPES[name]) ? decay : 0;
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i] * scale;
      if (kind === "sgd") {
        m[i] = beta1 * m[i] + g + rate * w[i];
        w[i] -= lr * m[i];
      } else {
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        const direction = m[i] / (1 - beta1 ** this.t) / (Math.sqrt(v[i] / (1 - beta2 ** this.t)) + eps);
        w[i] -= lr * direction + lr * rate * w[i];
      }
    }
    this.first.set(name, m);
    this.second.set(name, v);
  }
}

/** Whole gradients by name from the pieces of PLAN. */
function summed(pieces: Float64Array[]): Map<string, Float64Array> {
  const sums = new Map<string, Float64Array>();
  for (const [i, p] of PLAN.entries()) {
    const sum = sums.get(p.name) ?? new Float64Array(product(SHAPES[p.name]));
    const from = (p.rows?.[0] ?? 0) * product(SHAPES[p.name].slice(1));
    for (const [at, value] of pieces[i].entries()) sum[from + (at % length(p))] += value;
    sums.set(p.name, sum);
  }
  return sums;
}
