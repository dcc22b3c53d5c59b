/**
 * Turns a trace into something the GPU replays: dead launches dropped, temporary tensors placed in shared buffers by
 * lifetime, every bind group and pipeline made once. A run then only writes the live numbers that changed and records
 * one command buffer from a flat list.
 */
import type { Engine } from "./device";
import { OutOfMemory } from "./errors";
import { type Graph, type Launch, Live, type Tensor } from "./graph";
import { bound, bufferOf, type Layout, labelOf, layOut, live, type Memory, type MemoryPlan, place, planOf, sourcesOf } from "./memory";
import { type Fetched, Ring } from "./readback";

export interface KernelTime {
  label: string;
  ms: number;
}

interface Step {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  groups: [number, number, number];
  label: string;
  work: number;
}

interface LiveSlot {
  live: Live;
  at: number;
  type: "u32" | "f32" | "i32";
}

const SLOT = 256; // minUniformBufferOffsetAlignment of every adapter
/** Passes per timed submit: a query set holds 4096 timestamps at most. */
const MOST_TIMED = 2048;
/** A submit that takes longer is split: browsers kill a GPU process that does not answer for some seconds, drivers reset a GPU. */
const LONGEST_SUBMIT_MS = 1000;
/** Before a run was timed, a submit has no more floating-point operations than this: a second of an integrated GPU, or of a CPU that plays one. */
const MOST_WORK = { gpu: 50e9, software: 10e9 };

export class Program {
  /** Floating-point operations of a run, as estimated. */
  readonly work: number;
  private most = Number.POSITIVE_INFINITY;
  /** The launches of each submit. */
  private submits: Step[][] = [];
  private readonly view: DataView;
  private timedRuns = 0;
  private disposed = false;

  private constructor(
    private readonly engine: Engine,
    private readonly steps: Step[],
    private readonly uniforms: GPUBuffer,
    private readonly bytes: ArrayBuffer,
    private readonly slots: LiveSlot[],
    private readonly owned: GPUBuffer[],
    private readonly ring: Ring,
  ) {
    this.view = new DataView(bytes);
    this.work = workOf(steps);
    this.mostWork = engine.facts.software ? MOST_WORK.software : MOST_WORK.gpu;
  }

  /** Most floating-point operations of a submit; one launch may have more. Falls when a run shows that they take too long. */
  get mostWork(): number {
    return this.most;
  }

  set mostWork(most: number) {
    this.most = most;
    this.submits = [[]];
    let sum = 0;
    for (const step of this.steps) {
      if (sum > 0 && sum + step.work > most) {
        this.submits.push([]);
        sum = 0;
      }
      this.submits.at(-1)?.push(step);
      sum += step.work;
    }
  }

  /**
   * Compiles the trace. `outputs` are the tensors `run({ fetch: true })` returns; launches that neither feed them nor
   * write memory that outlives the trace are dropped. Compiling a trace again gives a program with memory of its own.
   * When it fails, the memory it took is given back. `planned` hears of that memory before any is taken or a kernel is compiled, and
   * may throw.
   */
  static async compile(graph: Graph, outputs: Record<string, Tensor> = {}, planned?: (plan: MemoryPlan) => void): Promise<Program> {
    const { engine } = graph;
    const launches = live(graph.launches, Object.values(outputs));
    const layout = layOut(launches, Object.values(outputs));
    planned?.(planOf(graph, layout));
    const pipelines = await pipelinesOf(engine, launches);
    const build = () => Program.build(engine, launches, layout, pipelines, outputs);
    try {
      return await build();
    } catch (error) {
      // Buffers of earlier programs that fit nothing here may be what fills the memory.
      if (!(error instanceof OutOfMemory) || engine.trim() === 0) throw error;
      return await build();
    }
  }

  /** Compiles the kernels that `compile` will want, and takes nothing else. */
  static async warm(graph: Graph, outputs: Record<string, Tensor> = {}): Promise<void> {
    await pipelinesOf(graph.engine, live(graph.launches, Object.values(outputs)));
  }

  private static async build(
    engine: Engine,
    launches: Launch[],
    layout: Layout,
    pipelines: GPUComputePipeline[],
    outputs: Record<string, Tensor>,
  ): Promise<Program> {
    const bytes = new ArrayBuffer(Math.max(SLOT, launches.length * SLOT));
    const slots = launches.flatMap((l, i) => writeParams(l, new DataView(bytes), i * SLOT));
    const owned: GPUBuffer[] = [];
    let uniforms: GPUBuffer | undefined;
    try {
      return await engine.guarded(() => {
        const memory = place(engine, layout, owned);
        uniforms = engine.device.createBuffer({ size: bytes.byteLength, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
        engine.device.queue.writeBuffer(uniforms, 0, bytes);
        const steps = stepsOf(engine, launches, pipelines, memory, uniforms);
        return new Program(engine, steps, uniforms, bytes, slots, owned, new Ring(engine, outputs, sourcesOf(outputs, memory)));
      });
    } catch (error) {
      for (const buffer of owned) error instanceof OutOfMemory ? engine.dropBuffer(buffer) : engine.giveBuffer(buffer);
      uniforms?.destroy();
      throw error;
    }
  }

  get launches(): number {
    return this.steps.length;
  }

  /** Bytes of temporary memory this program keeps. */
  get temporaryBytes(): number {
    return this.owned.reduce((sum, b) => sum + b.size, 0);
  }

  /**
   * Queues one run. With `fetch` the outputs are copied out behind it and returned as a promise, or undefined when the
   * readback ring is full: the queue never waits for a reader.
   */
  run(options: { fetch?: boolean } = {}): Promise<Fetched> | undefined {
    this.assertUsable();
    this.writeLive();
    const { device } = this.engine;
    const slot = options.fetch ? this.ring.take() : undefined;
    for (const steps of this.submits) {
      const encoder = device.createCommandEncoder();
      if (steps.length > 0) encode(encoder, steps);
      if (slot && steps === this.submits.at(-1)) this.ring.copy(encoder, slot);
      device.queue.submit([encoder.finish()]);
    }
    return slot && this.ring.read(slot);
  }

  /** The launches of each submit of so many runs: short runs go together. */
  private repeated(runs: number): Step[][] {
    if (this.submits.length > 1) return Array<Step[][]>(runs).fill(this.submits).flat();
    const together = Math.max(1, Math.min(runs, Math.floor(this.most / this.work)));
    const of = (count: number) => Array<Step[]>(count).fill(this.steps).flat();
    return Array.from({ length: Math.ceil(runs / together) }, (_, i) => of(Math.min(together, runs - i * together)));
  }

  private assertUsable(): void {
    if (this.disposed) throw new Error("this program was disposed of");
    this.engine.assertAlive();
  }

  /** Runs once and waits for the outputs. Refuses, and does not run, while the readback ring is full. */
  async fetch(): Promise<Fetched> {
    if (!this.ring.free) throw new Error("the readback ring is full; await earlier fetches first");
    const started = performance.now();
    const result = await this.run({ fetch: true });
    this.splitBy(performance.now() - started);
    return result as Fetched;
  }

  /** Runs so many times, waits for the GPU, and returns the milliseconds of one; learns from them how to split a submit. */
  async time(runs = 1): Promise<number> {
    this.assertUsable();
    const { engine } = this;
    const started = performance.now();
    this.writeLive();
    for (const steps of this.repeated(runs)) {
      const encoder = engine.device.createCommandEncoder();
      encode(encoder, steps);
      engine.device.queue.submit([encoder.finish()]);
    }
    await engine.device.queue.onSubmittedWorkDone().catch(async (error) => Promise.reject(await engine.cause(error)));
    engine.assertAlive();
    const ms = (performance.now() - started) / runs;
    this.splitBy(ms);
    return ms;
  }

  /** The first run does not count: drivers compile while it lasts. */
  private splitBy(ms: number): void {
    if (this.timedRuns++ === 0) return;
    const fits = (this.work * LONGEST_SUBMIT_MS) / ms;
    if (fits < Math.min(this.most, this.work)) this.mostWork = fits;
  }

  /** Runs once with a timestamp round every launch. GPU milliseconds per launch in order, or undefined without timestamps. */
  async profile(): Promise<KernelTime[] | undefined> {
    const times = await this.stamped(this.steps.map((step) => [step]));
    return times?.map((ms, i) => ({ label: this.steps[i].label, ms }));
  }

  /** Runs so many times. GPU milliseconds of one, or undefined without timestamps. */
  async elapsed(runs = 1): Promise<number | undefined> {
    return (await this.stamped(this.repeated(runs)))?.reduce((sum, ms) => sum + ms / runs, 0);
  }

  /** Runs once, each of `passes` between two timestamps. GPU milliseconds of each. */
  private async stamped(passes: Step[][]): Promise<number[] | undefined> {
    this.assertUsable();
    if (!this.engine.facts.timestamps) return undefined;
    this.writeLive();
    const times: number[] = [];
    for (let from = 0; from < passes.length; from += MOST_TIMED) {
      times.push(...(await this.stampedPart(passes.slice(from, from + MOST_TIMED))));
    }
    return times;
  }

  private async stampedPart(passes: Step[][]): Promise<number[]> {
    const { device } = this.engine;
    const count = 2 * passes.length;
    const querySet = device.createQuerySet({ type: "timestamp", count });
    const resolved = device.createBuffer({ size: 8 * count, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const staging = device.createBuffer({ size: 8 * count, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    let encoder = device.createCommandEncoder();
    let sum = 0;
    for (const [i, steps] of passes.entries()) {
      const work = workOf(steps);
      if (sum > 0 && sum + work > this.most) {
        device.queue.submit([encoder.finish()]);
        encoder = device.createCommandEncoder();
        sum = 0;
      }
      sum += work;
      encode(encoder, steps, { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 });
    }
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 8 * count);
    device.queue.submit([encoder.finish()]);
    try {
      await staging.mapAsync(GPUMapMode.READ);
      const ns = new BigInt64Array(staging.getMappedRange().slice(0));
      return passes.map((_, i) => Number(ns[2 * i + 1] - ns[2 * i]) / 1e6);
    } catch (error) {
      throw await this.engine.cause(error);
    } finally {
      for (const thing of [querySet, resolved, staging]) thing.destroy();
    }
  }

  /** Gives the temporary memory back to the engine. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const buffer of this.owned) this.engine.giveBuffer(buffer);
    this.uniforms.destroy();
    this.ring.destroy();
  }

  /** Writes the live numbers that changed since the last run: usually a few bytes, in one call. */
  private writeLive(): void {
    let from = Number.POSITIVE_INFINITY;
    let to = 0;
    for (const { live, at, type } of this.slots) {
      if (readNumber(this.view, at, type) === rounded(live.value, type)) continue;
      writeNumber(this.view, at, type, live.value);
      from = Math.min(from, at);
      to = Math.max(to, at + 4);
    }
    if (to > from) this.engine.device.queue.writeBuffer(this.uniforms, from, this.bytes, from, to - from);
  }
}

const workOf = (steps: readonly Step[]) => steps.reduce((sum, { work }) => sum + work, 0);

function encode(encoder: GPUCommandEncoder, steps: readonly Step[], timestampWrites?: GPUComputePassTimestampWrites): void {
  const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
  for (const { pipeline, group, groups } of steps) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...groups);
  }
  pass.end();
}

async function pipelinesOf(engine: Engine, launches: readonly Launch[]): Promise<GPUComputePipeline[]> {
  engine.assertAlive();
  const pipelines = await Promise.all(launches.map((l) => engine.pipeline(l.shader)));
  engine.assertAlive();
  return pipelines;
}

function stepsOf(engine: Engine, launches: Launch[], pipelines: GPUComputePipeline[], memory: Memory, uniforms: GPUBuffer): Step[] {
  return launches.map((l, i) => ({
    pipeline: pipelines[i],
    group: bindGroup(engine, l, memory, uniforms, i * SLOT),
    groups: l.groups,
    label: labelOf(l),
    work: l.work,
  }));
}

function bindGroup(engine: Engine, l: Launch, memory: Memory, uniforms: GPUBuffer, slot: number): GPUBindGroup {
  const entries = l.shader.bindings.map(({ binding, kind, name }) => {
    if (kind === "uniform") return { binding, resource: { buffer: uniforms, offset: slot, size: SLOT } };
    const { storage } = bound(l, name);
    const buffer = bufferOf(storage, memory) as GPUBuffer;
    return { binding, resource: { buffer, offset: storage.offset, size: Math.max(16, Math.ceil(storage.bytes / 16) * 16) } };
  });
  return engine.device.createBindGroup({ layout: engine.bindGroupLayout(l.shader), entries });
}

/** Writes the parameters of a launch into its slot; returns those that may change. */
function writeParams(l: Launch, view: DataView, slot: number): LiveSlot[] {
  const slots: LiveSlot[] = [];
  for (const [i, { name, type }] of l.shader.params.entries()) {
    const value = l.params[name];
    if (value === undefined) throw new Error(`${labelOf(l)}: parameter ${name} has no value`);
    const at = slot + 4 * i;
    if (value instanceof Live) slots.push({ live: value, at, type });
    writeNumber(view, at, type, value instanceof Live ? value.value : value);
  }
  return slots;
}

function writeNumber(view: DataView, at: number, type: LiveSlot["type"], value: number): void {
  if (type === "f32") view.setFloat32(at, value, true);
  else view.setUint32(at, value, true);
}

function readNumber(view: DataView, at: number, type: LiveSlot["type"]): number {
  return type === "f32" ? view.getFloat32(at, true) : view.getUint32(at, true);
}

function rounded(value: number, type: LiveSlot["type"]): number {
  return type === "f32" ? Math.fround(value) : value >>> 0;
}
