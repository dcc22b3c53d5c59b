/** Times what a trace launches, long enough to mean something. */
import type { Engine } from "../engine/device";
import { Graph, type Launch, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";

/** Makes an input of a shape, without caring what is in it. */
export type MakeInput = (shape: number[]) => Tensor;

/** A measurement lasts at least so many milliseconds, many times what a clock's grain or a poll for the GPU's answer takes. */
const LEAST_MS = 20;
/** And no more runs than this: a list of them is memory. */
const MOST_RUNS = 4096;

type Trace = (graph: Graph, input: MakeInput) => Tensor;

/** A trace, and what gives the memory of its inputs to others, who may write there: once it is compiled, or will not be. */
export function recorded(
  engine: Engine,
  trace: Trace,
  dtype: "f32" | "f16" = "f32",
): { graph: Graph; launches: readonly Launch[]; result: Tensor; release(): void } {
  const graph = new Graph(engine);
  const buffers: GPUBuffer[] = [];
  const input = (shape: number[]) => {
    const buffer = engine.takeBuffer(shape.reduce((a, b) => a * b, 4));
    buffers.push(buffer);
    return graph.fixed(buffer, shape, dtype, 0, true);
  };
  const result = trace(graph, input);
  return {
    ...{ graph, launches: graph.launches, result },
    release() {
      for (const buffer of buffers) engine.giveBuffer(buffer);
    },
  };
}

export class Stopwatch {
  private runs = 1;

  constructor(private readonly program: Program) {}

  /** Compiles a trace whose inputs are kept so. Rejects with an EngineError where the adapter refuses a kernel or has no memory for it. */
  static async of(engine: Engine, trace: Trace, dtype?: "f32" | "f16"): Promise<Stopwatch> {
    const { graph, result, release } = await engine.guarded(() => recorded(engine, trace, dtype));
    try {
      return new Stopwatch(await Program.compile(graph, { result: graph.readable(result) }));
    } finally {
      release();
    }
  }

  /** Milliseconds of one run. The first measurement also finds out how many runs make one that is long enough. */
  async measure(): Promise<number> {
    for (;;) {
      const each = await this.once();
      if (each * this.runs >= LEAST_MS || this.runs >= MOST_RUNS) return each;
      this.runs = Math.min(MOST_RUNS, Math.max(2 * this.runs, Math.ceil((1.2 * LEAST_MS) / Math.max(each, 1e-3))));
    }
  }

  /** By the GPU's own clock where it has one that goes. */
  private async once(): Promise<number> {
    const elapsed = (await this.program.elapsed(this.runs)) ?? 0;
    return elapsed > 0 ? elapsed : await this.program.time(this.runs);
  }

  dispose(): void {
    this.program.dispose();
  }
}

/** Measurements of which the shortest counts, after one that does not. */
const ROUNDS = 3;

/** The shortest of some measurements. */
export async function shortest(watch: Stopwatch): Promise<number> {
  const times: number[] = [];
  await watch.measure();
  for (let round = 0; round < ROUNDS; round++) times.push(await watch.measure());
  return Math.min(...times);
}
