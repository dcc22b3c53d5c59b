/** AdamW and SGD with momentum over all of a model's parameters in one launch, with optional clipping of the global norm. */
import type { Engine } from "../engine/device";
import { type Gradients, Live, type Tensor } from "../engine/graph";
import { BLOCK, type Params, readFloats } from "../models/params";

export interface OptimizerOptions {
  kind: "adamw" | "sgd";
  /** Decay rate of the first moment; the momentum of sgd. */
  beta1?: number;
  beta2?: number;
  eps?: number;
  /** Clip the global gradient norm; `limit` is then live. */
  clip?: boolean;
  /** Parameters that decay. DeiT's rule when absent: matrices do; biases, norms, positions and class token do not. */
  decays?: (name: string, shape: number[]) => boolean;
}

/** What a training step's size depends on; set `.value` between steps. */
export interface OptimizerKnobs {
  lr: Live;
  decay: Live;
  limit: Live;
}

export const deitDecay = (name: string, shape: number[]): boolean => shape.length > 1 && !/(^|\.)(pos_embed|cls_token)$/.test(name);

export class Optimizer {
  readonly knobs: OptimizerKnobs = { lr: new Live(1e-3), decay: new Live(0), limit: new Live(1) };
  /** Updates made so far. */
  step = 0;
  private readonly first: GPUBuffer;
  private readonly second: GPUBuffer;
  private readonly correction1 = new Live(1);
  private readonly correction2 = new Live(1);
  private readonly tables: GPUBuffer[] = [];
  private readonly engine: Engine;

  constructor(
    private readonly params: Params,
    private readonly options: OptimizerOptions,
  ) {
    this.engine = params.engine;
    const zeros = new Float32Array(BLOCK * params.blocks);
    this.first = this.engine.takeBuffer(zeros.byteLength);
    this.second = this.engine.takeBuffer(zeros.byteLength);
    for (const buffer of [this.first, this.second]) this.engine.device.queue.writeBuffer(buffer, 0, zeros);
  }

  /** Counts a step and sets what depends on the count. Call once before every run of a program that updates. */
  advance(): void {
    const { beta1, beta2 } = this.rates();
    this.step++;
    this.correction1.value = 1 - beta1 ** this.step;
    this.correction2.value = 1 - beta2 ** this.step;
  }

  /** Records the update from `grads`. Returns [scale, norm] of the gradient when clipping. */
  update(grads: Gradients): Tensor | undefined {
    const { graph } = grads;
    const blocks = this.table(grads);
    const pieces = this.upload(grads.pieces.flatMap((p) => [p.from, p.from + p.size, p.tensor.storage.offset / 4, p.parts]));
    const arena = grads.whole();
    const flat = (buffer: GPUBuffer) => graph.fixed(buffer, [BLOCK * this.params.blocks]);
    const bind = {
      ...{ weights: flat(this.params.buffer), first: flat(this.first), second: flat(this.second), arena },
      blocks: graph.fixed(blocks, [4 * this.params.blocks], "u32"),
      pieces: graph.fixed(pieces, [4 * grads.pieces.length], "u32"),
    };
    const scale = this.options.clip ? this.clip(graph, bind) : undefined;
    graph.launch("optimizer", this.options.kind, {
      constants: { CLIP: scale !== undefined },
      bind: { ...bind, ...(scale && { scale_in: scale }) },
      params: this.numbers(),
      groups: this.params.blocks,
    });
    return scale;
  }

  private clip(graph: Gradients["graph"], bind: Record<string, Tensor>): Tensor {
    const squares = graph.temp([this.params.blocks]);
    const scale = graph.temp([2]);
    graph.launch("optimizer", "norm", { bind: { ...bind, squares }, params: this.numbers(), threads: this.params.blocks });
    graph.launch("optimizer", "factor", { bind: { squares_in: squares, scale }, params: this.numbers(), groups: 1 });
    return scale;
  }

  private rates() {
    const { kind, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = this.options;
    return { kind, beta1, beta2, eps };
  }

  private numbers(): Record<string, number | Live> {
    const { beta1, beta2, eps } = this.rates();
    const { lr, decay, limit } = this.knobs;
    return { count: this.params.blocks, lr, beta1, beta2, eps, decay, correction1: this.correction1, correction2: this.correction2, limit };
  }

  /** For each block: its pieces (sorted by parameter), its place in its parameter, whether it decays. */
  private table(grads: Gradients): GPUBuffer {
    grads.pieces.sort((a, b) => a.parameter.offset - b.parameter.offset);
    const rows: number[] = [];
    for (const [name, { block, size, shape }] of this.params.places) {
      const mine = (i: number) =>
        grads.pieces[i].parameter.buffer === this.params.buffer && grads.pieces[i].parameter.offset === 4 * BLOCK * block;
      const indices = grads.pieces.map((_, i) => i).filter(mine);
      const decays = (this.options.decays ?? deitDecay)(name, shape) ? 1 : 0;
      for (let start = 0; start < size; start += BLOCK) rows.push(indices[0] ?? 0, indices.length, start, decays);
    }
    return this.upload(rows);
  }

  private upload(values: number[]): GPUBuffer {
    const buffer = this.engine.takeBuffer(4 * Math.max(4, values.length));
    this.engine.device.queue.writeBuffer(buffer, 0, Uint32Array.from(values));
    this.tables.push(buffer);
    return buffer;
  }

  /** The moments and the count, for a checkpoint. */
  async state(): Promise<{ step: number; first: Float32Array; second: Float32Array }> {
    const count = BLOCK * this.params.blocks;
    const read = (buffer: GPUBuffer) => readFloats(this.engine, buffer, count);
    return { step: this.step, first: await read(this.first), second: await read(this.second) };
  }

  /** Continues from a saved state. */
  restore(state: { step: number; first: Float32Array; second: Float32Array }): void {
    this.step = state.step;
    this.engine.device.queue.writeBuffer(this.first, 0, state.first as BufferSource);
    this.engine.device.queue.writeBuffer(this.second, 0, state.second as BufferSource);
  }

  /** Gives all its buffers back. Programs that update through it must not run again. */
  destroy(): void {
    for (const buffer of [this.first, this.second, ...this.tables.splice(0)]) this.engine.giveBuffer(buffer);
  }
}

/** Learning rate at `step` (from 0): linear from `floor` over `warmup` steps, then half a cosine down to `end` at `total`. */
export function warmupCosine(step: number, o: { peak: number; warmup: number; total: number; floor?: number; end?: number }): number {
  const { peak, warmup, total, floor = 0, end = 0 } = o;
  if (step < warmup) return floor + ((peak - floor) * step) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, total - warmup));
  return end + (peak - end) * 0.5 * (1 + Math.cos(Math.PI * progress));
}
