/** Where the temporary tensors of a trace lie: launches that nothing needs dropped, buffers shared by lifetime. */
import { bufferBytes, type Engine } from "./device";
import type { Graph, Launch, Storage, Tensor } from "./graph";

const root = (s: Storage): Storage => s.parent ?? s;

function touched(l: Launch, kind: "read" | "write"): Storage[] {
  return l.shader.bindings.filter((b) => b.kind === kind).map((b) => root(bound(l, b.name).storage));
}

export function bound(l: Launch, name: string): Tensor {
  const tensor = l.bind[name];
  if (!tensor) throw new Error(`${labelOf(l)}: nothing is bound to ${name}`);
  return tensor;
}

/** The launches something depends on: what feeds an output, or memory that outlives the trace. */
export function live(launches: readonly Launch[], outputs: Tensor[]): Launch[] {
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

/** The buffer of each temporary storage of a program. */
export type Memory = Map<Storage, GPUBuffer>;

/** Which temporary storages share a buffer, and the bytes of each buffer. */
export interface Layout {
  sizes: number[];
  at: Map<Storage, number>;
}

/** Gives every temporary storage a place; those whose lifetimes do not overlap share one. */
export function layOut(launches: Launch[], outputs: Tensor[]): Layout {
  const last = new Map<Storage, number>();
  for (const [i, l] of launches.entries()) for (const s of [...touched(l, "read"), ...touched(l, "write")]) last.set(s, i);
  for (const t of outputs) last.set(root(t.storage), launches.length);
  const layout: Layout = { sizes: [], at: new Map() };
  const free: number[] = [];
  for (const [i, l] of launches.entries()) {
    const written = touched(l, "write");
    const here = new Set([...written, ...touched(l, "read")].filter((s) => !s.buffer));
    for (const s of here) {
      if (layout.at.has(s)) continue;
      if (s.bytes > 0 && !written.includes(s)) throw new Error(`${labelOf(l)} reads a temporary that no launch before it wrote`);
      layout.at.set(s, takeFitting(layout.sizes, free, bufferBytes(s.bytes)));
    }
    for (const s of here) if (last.get(s) === i) free.push(layout.at.get(s) as number);
  }
  return layout;
}

/** A free place that fits, or a new one. */
function takeFitting(sizes: number[], free: number[], bytes: number): number {
  const [fitting] = free.filter((place) => sizes[place] >= bytes).sort((a, b) => sizes[a] - sizes[b]);
  if (fitting === undefined || sizes[fitting] > 4 * bytes) return sizes.push(bytes) - 1;
  free.splice(free.indexOf(fitting), 1);
  return fitting;
}

/** Takes the buffers of a layout. Those taken are added to `owned`. */
export function place(engine: Engine, { sizes, at }: Layout, owned: GPUBuffer[]): Memory {
  for (const bytes of sizes) owned.push(engine.takeBuffer(bytes));
  return new Map([...at].map(([storage, i]) => [storage, owned[i]]));
}

/** Bytes that a trace will take for itself. */
export interface MemoryPlan {
  /** Of all temporary buffers, and of the largest. */
  bytes: number;
  largest: number;
  /** Of those, the parameters' gradients, which lie in one. */
  gradients: number;
}

/** What compiling a trace would take, before anything is taken. */
export function planMemory(graph: Graph, outputs: Record<string, Tensor> = {}): MemoryPlan {
  return planOf(graph, layOut(live(graph.launches, Object.values(outputs)), Object.values(outputs)));
}

/** The same of a trace that has been laid out. */
export function planOf(graph: Graph, { sizes, at }: Layout): MemoryPlan {
  const gradients = [...graph.arenas].reduce((sum, arena) => sum + (at.has(arena) ? arena.bytes : 0), 0);
  return { bytes: sizes.reduce((sum, bytes) => sum + bytes, 0), largest: Math.max(0, ...sizes), gradients };
}

/** Where each output is in memory. Outputs without elements may have no place: no launch writes them. */
export function sourcesOf(outputs: Record<string, Tensor>, memory: Memory): Map<Tensor, GPUBuffer> {
  const sources = new Map<Tensor, GPUBuffer>();
  for (const [name, t] of Object.entries(outputs)) {
    if (t.size === 0) continue;
    const buffer = bufferOf(t.storage, memory);
    if (!buffer) throw new Error(`no launch writes the output ${name}`);
    sources.set(t, buffer);
  }
  return sources;
}

export function bufferOf(storage: Storage, memory: Memory): GPUBuffer | undefined {
  const s = root(storage);
  return s.buffer ?? memory.get(s);
}

export function labelOf({ shader }: Launch): string {
  return `${shader.file.replace(/^shaders\/|\.wgsl$/g, "")} ${shader.entry}`;
}
