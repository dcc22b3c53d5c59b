/**
 * Turns a trace into something the GPU replays: dead launches dropped, temporary tensors placed in shared buffers by
 * lifetime, every bind group and pipeline made once. A run then only writes the live numbers that changed and records
 * one command buffer from a flat list.
 */
import type { Engine } from "./device";
import { EngineError } from "./errors";
import { type Graph, type Launch, Live, type Storage, type Tensor } from "./graph";
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
}

interface LiveSlot {
  live: Live;
  at: number;
  type: "u32" | "f32" | "i32";
}

const SLOT = 256; // minUniformBufferOffsetAlignment of every adapter
/** A submit on an adapter this slow is split: browsers kill a GPU process that does not answer for some seconds. */
const LONGEST_SUBMIT_MS = 1000;

export class Program {
  /** Submits per run; grows when one run takes longer than a browser's watchdog likes. */
  submits = 1;
  private readonly ring: Ring;
  private readonly view: DataView;
  private disposed = false;

  private constructor(
    private readonly engine: Engine,
    private readonly steps: Step[],
    private readonly uniforms: GPUBuffer,
    private readonly bytes: ArrayBuffer,
    private readonly slots: LiveSlot[],
    private readonly owned: GPUBuffer[],
    outputs: Record<string, Tensor>,
  ) {
    this.view = new DataView(bytes);
    this.ring = new Ring(engine.device, outputs);
  }

  /**
   * Compiles the trace. `outputs` are the tensors `run({ fetch: true })` returns; launches that neither feed them nor
   * write memory that outlives the trace are dropped.
   */
  static async compile(graph: Graph, outputs: Record<string, Tensor> = {}): Promise<Program> {
    const { engine } = graph;
    engine.assertAlive();
    const launches = live(graph.launches, Object.values(outputs));
    const pipelines = await Promise.all(launches.map((l) => engine.pipeline(l.shader)));
    engine.device.pushErrorScope("out-of-memory");
    const owned = place(engine, launches, Object.values(outputs));
    const bytes = new ArrayBuffer(Math.max(SLOT, launches.length * SLOT));
    const slots: LiveSlot[] = [];
    for (const [i, l] of launches.entries()) writeParams(l, new DataView(bytes), i * SLOT, slots);
    const uniforms = engine.device.createBuffer({ size: bytes.byteLength, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    const steps = launches.map((l, i) => ({
      pipeline: pipelines[i],
      group: bindGroup(engine, l, uniforms, i * SLOT),
      groups: l.groups,
      label: `${l.shader.file.replace(/^shaders\/|\.wgsl$/g, "")} ${l.shader.entry}`,
    }));
    const outOfMemory = await engine.device.popErrorScope();
    if (outOfMemory) {
      for (const buffer of [...owned, uniforms]) buffer.destroy();
      throw new EngineError("The GPU has not enough free memory for this step.", "Halve the batch, or close other GPU-heavy pages.");
    }
    engine.device.queue.writeBuffer(uniforms, 0, bytes);
    return new Program(engine, steps, uniforms, bytes, slots, owned, outputs);
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
    if (this.disposed) throw new Error("this program was disposed of");
    this.engine.assertAlive();
    this.writeLive();
    const per = Math.ceil(this.steps.length / this.submits);
    let fetched: Promise<Fetched> | undefined;
    for (let from = 0; from < this.steps.length; from += per) {
      const encoder = this.engine.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (let i = from; i < Math.min(from + per, this.steps.length); i++) dispatch(pass, this.steps[i]);
      pass.end();
      const last = from + per >= this.steps.length;
      const slot = options.fetch && last ? this.ring.copy(encoder) : undefined;
      this.engine.device.queue.submit([encoder.finish()]);
      if (slot) fetched = this.ring.read(slot);
    }
    return fetched;
  }

  /** Runs once and waits for the outputs. */
  async fetch(): Promise<Fetched> {
    const started = performance.now();
    const fetched = this.run({ fetch: true });
    if (!fetched) throw new Error("the readback ring is full; await earlier fetches first");
    const result = await fetched;
    this.splitBy(performance.now() - started);
    return result;
  }

  /** Runs once and waits for the GPU; returns milliseconds, and learns from them how to split a submit. */
  async time(): Promise<number> {
    const started = performance.now();
    this.run();
    await this.engine.device.queue.onSubmittedWorkDone();
    const ms = performance.now() - started;
    this.splitBy(ms);
    return ms;
  }

  private splitBy(ms: number): void {
    this.submits = Math.max(this.submits, Math.min(this.steps.length, Math.ceil(ms / LONGEST_SUBMIT_MS)));
  }

  /** Runs once with a timestamp round every launch. GPU milliseconds per launch in order, or undefined without timestamps. */
  async profile(): Promise<KernelTime[] | undefined> {
    if (!this.engine.facts.timestamps) return undefined;
    const { device } = this.engine;
    const count = 2 * this.steps.length;
    const querySet = device.createQuerySet({ type: "timestamp", count });
    const resolved = device.createBuffer({ size: 8 * count, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const staging = device.createBuffer({ size: 8 * count, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    this.writeLive();
    const encoder = device.createCommandEncoder();
    for (const [i, step] of this.steps.entries()) {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
      const pass = encoder.beginComputePass({ timestampWrites });
      dispatch(pass, step);
      pass.end();
    }
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 8 * count);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const ns = new BigInt64Array(staging.getMappedRange().slice(0));
    for (const thing of [querySet, resolved, staging]) thing.destroy();
    return this.steps.map(({ label }, i) => ({ label, ms: Number(ns[2 * i + 1] - ns[2 * i]) / 1e6 }));
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

function dispatch(pass: GPUComputePassEncoder, { pipeline, group, groups }: Step): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...groups);
}

const root = (s: Storage): Storage => s.parent ?? s;

function touched(l: Launch, kind: "read" | "write"): Storage[] {
  return l.shader.bindings.filter((b) => b.kind === kind).map((b) => root(bound(l, b.name).storage));
}

function bound(l: Launch, name: string): Tensor {
  const tensor = l.bind[name];
  if (!tensor) throw new Error(`${l.shader.file} ${l.shader.entry}: nothing is bound to ${name}`);
  return tensor;
}

/** The launches something depends on: what feeds an output, or memory that outlives the trace. */
function live(launches: readonly Launch[], outputs: Tensor[]): Launch[] {
  const needed = new Set(outputs.map((t) => root(t.storage)));
  const kept: Launch[] = [];
  for (const l of [...launches].reverse()) {
    const writes = touched(l, "write");
    if (!writes.some((s) => s.buffer || needed.has(s))) continue;
    for (const s of touched(l, "read")) needed.add(s);
    kept.push(l);
  }
  return kept.reverse();
}

/** Gives every temporary storage a buffer; storages whose lifetimes do not meet share one. Returns the buffers. */
function place(engine: Engine, launches: Launch[], outputs: Tensor[]): GPUBuffer[] {
  const last = new Map<Storage, number>();
  for (const [i, l] of launches.entries()) for (const s of [...touched(l, "read"), ...touched(l, "write")]) last.set(s, i);
  for (const t of outputs) last.set(root(t.storage), launches.length);
  const owned: GPUBuffer[] = [];
  const free: GPUBuffer[] = [];
  for (const [i, l] of launches.entries()) {
    const here = new Set([...touched(l, "write"), ...touched(l, "read")]);
    for (const s of here) if (!s.buffer) s.buffer = takeFitting(engine, free, owned, s.bytes);
    for (const s of here) if (last.get(s) === i && owned.includes(s.buffer as GPUBuffer)) free.push(s.buffer as GPUBuffer);
  }
  return owned;
}

function takeFitting(engine: Engine, free: GPUBuffer[], owned: GPUBuffer[], bytes: number): GPUBuffer {
  const fitting = free.filter((b) => b.size >= bytes).sort((a, b) => a.size - b.size)[0];
  if (fitting && fitting.size <= 4 * Math.max(bytes, 256)) {
    free.splice(free.indexOf(fitting), 1);
    return fitting;
  }
  const made = engine.takeBuffer(bytes);
  owned.push(made);
  return made;
}

function bindGroup(engine: Engine, l: Launch, uniforms: GPUBuffer, slot: number): GPUBindGroup {
  const entries = l.shader.bindings.map(({ binding, kind, name }) => {
    if (kind === "uniform") return { binding, resource: { buffer: uniforms, offset: slot, size: SLOT } };
    const { storage } = bound(l, name);
    const buffer = root(storage).buffer as GPUBuffer;
    return { binding, resource: { buffer, offset: storage.offset, size: Math.max(16, Math.ceil(storage.bytes / 16) * 16) } };
  });
  return engine.device.createBindGroup({ layout: engine.bindGroupLayout(l.shader), entries });
}

function writeParams(l: Launch, view: DataView, slot: number, slots: LiveSlot[]): void {
  for (const [i, { name, type }] of l.shader.params.entries()) {
    const value = l.params[name];
    if (value === undefined) throw new Error(`${l.shader.file} ${l.shader.entry}: parameter ${name} has no value`);
    const at = slot + 4 * i;
    if (value instanceof Live) slots.push({ live: value, at, type });
    writeNumber(view, at, type, value instanceof Live ? value.value : value);
  }
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
