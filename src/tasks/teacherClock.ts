/** How long the teacher takes on the GPU by number of patches: a program that holds nothing else, timed now and then beside a run. */
import type { Engine } from "../engine/device";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";

/** The result is the median of so many latest times: other work on the machine disturbs some. */
const REMEMBERED = 9;

/** One number of patches: its program and its latest times. */
interface Lane {
  program: Program;
  times: number[];
}

/** A teacher, and the forward pass to time. */
export interface Asked {
  /** Images per answer. */
  batch: number;
  /** Shape of an image. */
  shape: number[];
  /** Patches an image has. */
  patches: number;
  /** The teacher's answer on images f32 [batch, ..], of which it sees some patches u32 [batch, k] or all. */
  forward(images: Tensor, kept?: Tensor): Tensor;
}

export class TeacherClock {
  private readonly images: GPUBuffer;
  /** Patches 0, 1, .. N - 1, again and again: cut into rows of k, each names k different ones. */
  private readonly indices: GPUBuffer;
  private lanes = new Map<number, Lane>();

  constructor(
    private readonly engine: Engine,
    private readonly asked: Asked,
  ) {
    const { batch, shape, patches } = asked;
    this.images = this.filled(new Float32Array(batch * shape.reduce((a, b) => a * b, 1)));
    this.indices = this.filled(Uint32Array.from({ length: batch * patches }, (_, i) => i % patches));
  }

  /**
   * Times an answer for each number of patches, in turns, and returns the (lower) medians in milliseconds. A new number costs one
   * more run, which warms up; one that is not asked for again is forgotten.
   */
  async measure(ks: readonly number[]): Promise<number[]> {
    for (const [k, { program }] of this.lanes) if (!ks.includes(k)) program.dispose();
    this.lanes = new Map([...this.lanes].filter(([k]) => ks.includes(k)));
    for (const k of ks) if (!this.lanes.has(k)) this.lanes.set(k, await this.lane(k));
    const lanes = ks.map((k) => this.lanes.get(k) as Lane);
    for (const lane of new Set(lanes)) lane.times = [...lane.times.slice(1 - REMEMBERED), await timed(lane.program)];
    return lanes.map(({ times }) => times.toSorted((a, b) => a - b)[(times.length - 1) >> 1]);
  }

  /** Bytes of activations that an answer on k patches keeps on the GPU; known once it has been timed. */
  bytes(k: number): number {
    return this.lanes.get(k)?.program.temporaryBytes ?? 0;
  }

  destroy(): void {
    for (const { program } of this.lanes.values()) program.dispose();
    for (const buffer of [this.images, this.indices]) this.engine.giveBuffer(buffer);
  }

  private async lane(k: number): Promise<Lane> {
    const { batch, shape, patches, forward } = this.asked;
    const graph = new Graph(this.engine);
    const kept = k < patches ? graph.fixed(this.indices, [batch, k], "u32") : undefined;
    const program = await Program.compile(graph, { answer: forward(graph.fixed(this.images, [batch, ...shape]), kept) });
    await timed(program);
    return { program, times: [] };
  }

  private filled(values: Float32Array | Uint32Array): GPUBuffer {
    const buffer = this.engine.takeBuffer(values.byteLength);
    this.engine.device.queue.writeBuffer(buffer, 0, values as BufferSource);
    return buffer;
  }
}

/** GPU time by timestamps, and on adapters without them the time until the queue is empty. */
async function timed(program: Program): Promise<number> {
  return (await program.elapsed()) ?? program.time();
}
