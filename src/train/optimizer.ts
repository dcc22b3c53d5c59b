/**
 * AdamW and SGD with momentum over all of a model's parameters in one launch, with optional clipping of the gradient's norm. Where
 * precision is mixed, it keeps the scale of the loss: the GPU decides after each step whether the update is made and what the scale is
 * then, and nobody waits for it.
 */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { type Gradients, type Graph, Live, type Mixed, type Piece, type Tensor } from "../engine/graph";
import type { Constants } from "../engine/wgsl";
import { BLOCK, type Params, readFloats } from "../models/params";
import type { OptimizerOptions } from "../tasks/task";

/** What of an optimizer is saved: updates, moments, and where precision is mixed the loss scale with what is kept beside it. */
export interface OptimizerState {
  step: number;
  first: Float32Array;
  second: Float32Array;
  scaler?: Float32Array;
}

/** What a training step's size depends on; set `.value` between steps. */
export interface OptimizerKnobs {
  lr: Live;
  decay: Live;
  limit: Live;
}

export const deitDecay = (name: string, shape: number[]): boolean =>
  shape.length > 1 && !/(^|\.)(pos_embed|cls_token|dist_token)$/.test(name);

/** Numbers of mixed precision that outlive a step: see `scaler` in shaders/optimizer.wgsl. */
const SCALER = 5;
const SCALING = { initial: 2 ** 16, interval: 2000 };

/** What became of the loss scale: its value, and the steps so far whose update was left out because gradients overflowed. */
export interface Scaled {
  scale: number;
  skipped: number;
}

/** The output `scaler` of a step, as numbers. */
export const readScaler = ([scale, , skipped]: ArrayLike<number> & Iterable<number>): Scaled => ({ scale, skipped });

export class Optimizer {
  readonly knobs: OptimizerKnobs;
  /** Updates made so far. */
  step = 0;
  private readonly first: GPUBuffer;
  private readonly second: GPUBuffer;
  private readonly correction1 = new Live(1);
  private readonly correction2 = new Live(1);
  /** Uploaded tables by content: a step recorded again with the same pieces shares those of the program before it. */
  private readonly tables = new Map<string, GPUBuffer>();
  private readonly engine: Engine;
  private readonly scaling?: typeof SCALING;
  /** Where precision is mixed. */
  private readonly scaler?: GPUBuffer;

  constructor(
    private readonly params: Params,
    private readonly options: OptimizerOptions,
  ) {
    this.engine = params.engine;
    this.knobs = { lr: new Live(1e-3), decay: new Live(0), limit: new Live(options.limit ?? 1) };
    const zeros = new Float32Array(BLOCK * params.blocks);
    this.first = this.engine.takeBuffer(zeros.byteLength);
    this.second = this.engine.takeBuffer(zeros.byteLength);
    for (const buffer of [this.first, this.second]) this.engine.device.queue.writeBuffer(buffer, 0, zeros);
    if (!options.scaling) return;
    this.scaling = { ...SCALING, ...options.scaling };
    this.scaler = this.engine.takeBuffer(4 * SCALER);
    this.engine.device.queue.writeBuffer(this.scaler, 0, new Float32Array([this.scaling.initial, 0, 0, 0, 0]));
  }

  /** Mixed precision of the graphs whose gradients it takes, where it keeps the loss scale. */
  get mixed(): Mixed | undefined {
    const { scaler } = this;
    return scaler && { lossScale: (graph) => graph.fixed(scaler, [SCALER]).slice(0, 1) };
  }

  /** The loss scale and what is kept with it, after the step that `graph` records. */
  scalerOn(graph: Graph): Tensor | undefined {
    return this.scaler && graph.fixed(this.scaler, [SCALER]);
  }

  /** Counts a step and sets what depends on the count. Call once before every run of a program that updates. */
  advance(): void {
    const { beta1, beta2 } = this.rates();
    this.step++;
    this.correction1.value = 1 - beta1 ** this.step;
    this.correction2.value = 1 - beta2 ** this.step;
  }

  /** Records the update from `grads`. Returns [scale, norm] of the gradient when the norm of all of it is clipped, in f32. */
  update(grads: Gradients): Tensor | undefined {
    const { graph } = grads;
    const pieces = grads.pieces
      .filter((p) => p.parameter.buffer === this.params.buffer)
      .sort((a, b) => a.parameter.offset - b.parameter.offset);
    const flat = (buffer: GPUBuffer) => graph.fixed(buffer, [BLOCK * this.params.blocks]);
    const bind = {
      ...{ weights: flat(this.params.buffer), first: flat(this.first), second: flat(this.second) },
      ...{ arena4: grads.whole(), arena1: grads.whole() },
      blocks: graph.fixed(this.blockTable(pieces), [4 * this.params.blocks], "u32"),
      pieces: graph.fixed(this.pieceTable(pieces), [4 * pieces.length], "u32"),
    };
    const RAGGED = pieces.some((p) => p.from % 4 || (p.parts > 1 && p.size % 4));
    const { kind, clip, waits } = this.options;
    const constants = { RAGGED, CLIP: clip === "all", EACH: clip === "each", SCALED: this.scaler !== undefined };
    const { scale, verdict } = this.factors(graph, bind, constants);
    graph.launch("optimizer", kind, {
      constants: { ...constants, HOLD: waits !== undefined },
      bind: { ...bind, ...(scale && { scale_in: scale }), ...(verdict && { verdict_in: verdict }) },
      params: this.numbers(),
      threads: (BLOCK / 4) * this.params.blocks,
    });
    return clip === "all" ? scale : undefined;
  }

  /** What the gradient is multiplied with: `scale` is [scale, norm] or a scale for each block; `verdict` says the same and whether the update is made. */
  private factors(graph: Graph, bind: Record<string, Tensor>, constants: Constants): { scale?: Tensor; verdict?: Tensor } {
    const { clip } = this.options;
    if (!clip && !this.scaler) return {};
    const { blocks, places } = this.params;
    const params = this.numbers();
    const squares = graph.temp([blocks]);
    graph.launch("optimizer", "norm", { constants, bind: { ...bind, squares }, params, threads: blocks });
    const verdict = this.judged(graph, squares, constants);
    if (verdict && clip !== "each") return { verdict };
    const scale = graph.temp([clip === "each" ? blocks : 2]);
    const norms = { squares_in: squares, scale, ...(verdict && { verdict_in: verdict }) };
    if (clip !== "each") graph.launch("optimizer", "factor", { bind: norms, params, groups: 1 });
    else {
      const ranges = graph.fixed(this.rangeTable(), [2 * places.size], "u32");
      graph.launch("optimizer", "factor_each", { constants, bind: { ...norms, ranges }, params, groups: places.size });
    }
    return { scale, verdict };
  }

  /** Whether the update is made, and the next loss scale. */
  private judged(graph: Graph, squares: Tensor, constants: Constants): Tensor | undefined {
    const scaler = this.scalerOn(graph);
    if (!scaler) return undefined;
    const verdict = graph.temp([5]);
    graph.launch("optimizer", "judge", { constants, bind: { squares_in: squares, scaler, verdict }, params: this.numbers(), groups: 1 });
    return verdict;
  }

  private rates() {
    const { kind, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = this.options;
    return { kind, beta1, beta2, eps };
  }

  private numbers(): Record<string, number | Live> {
    const { beta1, beta2, eps } = this.rates();
    const { lr, decay, limit } = this.knobs;
    const { correction1, correction2 } = this;
    const hold = this.options.waits?.hold ?? 0;
    const interval = this.scaling?.interval ?? 0;
    return { count: this.params.blocks, lr, beta1, beta2, eps, decay, correction1, correction2, limit, hold, interval };
  }

  /** For each block: its pieces (sorted by parameter), its place in its parameter, whether it decays, and whether it may wait. */
  private blockTable(pieces: Piece[]): GPUBuffer {
    const parameters = [...this.params.places].map(([name, { block, size, shape }]) => {
      const mine = (p: Piece) => p.parameter.offset === 4 * BLOCK * block;
      const { decays = deitDecay, waits } = this.options;
      const flags = Number(decays(name, shape)) + 2 * Number(waits?.which(name) ?? false);
      return { first: Math.max(0, pieces.findIndex(mine)), count: pieces.filter(mine).length, size, flags };
    });
    const key = parameters.map(({ first, count, flags }) => [first, count, flags]).join();
    return this.table(`blocks ${key}`, () =>
      parameters.flatMap(({ first, count, size, flags }) =>
        Array.from({ length: Math.ceil(size / BLOCK) }, (_, i) => [first, count, i * BLOCK, flags]).flat(),
      ),
    );
  }

  /** For each parameter: its first block, and how many it has. */
  private rangeTable(): GPUBuffer {
    return this.table("ranges", () => [...this.params.places.values()].flatMap(({ block, size }) => [block, Math.ceil(size / BLOCK)]));
  }

  private pieceTable(pieces: Piece[]): GPUBuffer {
    const rows = pieces.flatMap((p) => [p.from, p.from + p.size, p.tensor.storage.offset / 4, p.parts]);
    return this.table(`pieces ${rows}`, () => rows);
  }

  private table(key: string, make: () => number[]): GPUBuffer {
    const known = this.tables.get(key);
    if (known) return known;
    const rows = Uint32Array.from(make());
    const buffer = this.engine.takeBuffer(rows.byteLength);
    this.engine.device.queue.writeBuffer(buffer, 0, rows);
    this.tables.set(key, buffer);
    return buffer;
  }

  /** The moments, the count and the loss scale, for a checkpoint. */
  async state(): Promise<OptimizerState> {
    const count = BLOCK * this.params.blocks;
    const read = (buffer: GPUBuffer, size = count) => readFloats(this.engine, buffer, size);
    const scaler = this.scaler && (await read(this.scaler, SCALER));
    return { step: this.step, first: await read(this.first), second: await read(this.second), ...(scaler && { scaler }) };
  }

  /** Continues from a saved state. */
  restore(state: OptimizerState): void {
    const count = BLOCK * this.params.blocks;
    if (state.first.length !== count || state.second.length !== count || state.scaler?.length !== (this.scaler && SCALER))
      throw new EngineError("The saved optimizer does not fit this model.", "Choose a run of the same model.");
    this.step = state.step;
    if (this.scaler && state.scaler) this.engine.device.queue.writeBuffer(this.scaler, 0, state.scaler as BufferSource);
    this.engine.device.queue.writeBuffer(this.first, 0, state.first as BufferSource);
    this.engine.device.queue.writeBuffer(this.second, 0, state.second as BufferSource);
  }

  /** Gives all its buffers back. Programs that update through it must not run again. */
  destroy(): void {
    for (const buffer of [this.first, this.second, ...(this.scaler ? [this.scaler] : []), ...this.tables.values()])
      this.engine.giveBuffer(buffer);
    this.tables.clear();
  }
}

/** Learning rate at `step` (from 0): linear from `floor` over `warmup` steps, then half a cosine down to `end` at `total`. */
export function warmupCosine(step: number, o: { peak: number; warmup: number; total: number; floor?: number; end?: number }): number {
  const { peak, warmup, total, floor = 0, end = 0 } = o;
  if (step < warmup) return floor + ((peak - floor) * step) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, total - warmup));
  return end + (peak - end) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** Options of a schedule of steps; the shares are of `total` and the usual ones of detectors are 8/12 and 11/12. */
export interface StepSchedule {
  peak: number;
  warmup: number;
  total: number;
  /** Shares of the run, in 0..1, at which the rate is multiplied with `factor`. */
  falls: readonly number[];
  factor?: number;
  floor?: number;
}

/** Learning rate at `step` (from 0): linear from `floor` over `warmup` steps, then the peak, a tenth of it after each fall. */
export function stepSchedule(step: number, { peak, warmup, total, falls, factor = 0.1, floor = 0 }: StepSchedule): number {
  if (step < warmup) return floor + ((peak - floor) * step) / warmup;
  return peak * factor ** falls.filter((share) => step >= Math.round(share * total)).length;
}
