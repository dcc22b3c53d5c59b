/** How long the teacher takes on the GPU by number of patches: a program that holds nothing else, timed now and then beside a run. */
import type { Engine } from "../engine/device";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import type { TeacherTime } from "./task";

/** The result is the median of so many latest times: other work on the machine disturbs some. */
const REMEMBERED = 9;

/** Half of the latest times lie within `middle`, around their median `ms`, milliseconds; there were so many times. */
export interface Timing {
  ms: number;
  middle: readonly [low: number, high: number];
  times: number;
}

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
   * Times an answer for each number of patches, in turns, and returns what the latest times come to. A new number costs one more run,
   * which warms up; one that is not asked for again is forgotten.
   */
  async measure(ks: readonly number[]): Promise<Timing[]> {
    for (const [k, { program }] of this.lanes) if (!ks.includes(k)) program.dispose();
    this.lanes = new Map([...this.lanes].filter(([k]) => ks.includes(k)));
    for (const k of ks) if (!this.lanes.has(k)) this.lanes.set(k, await this.lane(k));
    const lanes = ks.map((k) => this.lanes.get(k) as Lane);
    for (const lane of new Set(lanes)) lane.times = [...lane.times.slice(1 - REMEMBERED), await timed(lane.program)];
    return lanes.map(({ times }) => timingOf(times));
  }

  /** The teacher's times at k of its patches and at all of them, measured once more. */
  async compare(k: number): Promise<TeacherTime> {
    const { patches } = this.asked;
    const [now, full] = await this.measure([k, patches]);
    return { ...timeOf(now, full), bytes: this.bytes(k), fullBytes: this.bytes(patches) };
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

/** The (lower) median, and the quartiles. */
export function timingOf(times: readonly number[]): Timing {
  const sorted = times.toSorted((a, b) => a - b);
  const [last, quarter] = [times.length - 1, (times.length - 1) >> 2];
  return { ms: sorted[last >> 1], middle: [sorted[quarter], sorted[last - quarter]], times: times.length };
}

/** What is told of a teacher's time as it is masked and at all patches, and of its student's. */
export function timeOf(now: Timing, full: Timing, student?: Timing): Omit<TeacherTime, "bytes" | "fullBytes"> {
  const times = Math.min(now.times, full.times, student?.times ?? Number.POSITIVE_INFINITY);
  const spread = { ms: now.middle, fullMs: full.middle, ...(student && { studentMs: student.middle }), times };
  return { ms: now.ms, fullMs: full.ms, ...(student && { studentMs: student.ms }), spread };
}

/** GPU time by timestamps, and on adapters without them the time until the queue is empty. */
async function timed(program: Program): Promise<number> {
  return (await program.elapsed()) ?? program.time();
}
