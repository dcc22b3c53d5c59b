/**
 * The trace of one training step: kernel launches in order, and for each differentiable result how its gradient flows
 * back. A step is written as ordinary function calls over `Tensor`s; nothing runs while it is recorded. `program.ts`
 * turns the trace into buffers and bind groups and replays it.
 */
import type { Engine } from "./device";
import type { Constants, Shader } from "./wgsl";

/** How an element is stored. Kernels compute in f32 whichever of f32 and f16 it is. */
export type Dtype = "f32" | "u32" | "f16";

export const bytesOf = (dtype: Dtype): number => (dtype === "f16" ? 2 : 4);

/** A number that may change between two runs of a program without touching anything but four bytes. */
export class Live {
  constructor(public value: number) {}
}

/** Memory behind tensors. Temporary unless `buffer` is set; a gradient piece lies inside the arena that is its parent. */
export interface Storage {
  bytes: number;
  /** Memory that outlives the graph. That of temporaries is each compiled program's own. */
  readonly buffer?: GPUBuffer;
  /** Byte offset in the buffer or the parent, a multiple of 256. */
  offset: number;
  parent?: Storage;
  /** A copy in f16, which kernels read in its stead. */
  half?: Storage;
}

/**
 * An array on the GPU, row-major. The last axis is contiguous; consecutive rows lie `stride` elements apart, the first
 * at `offset` (both in elements), so a column range or every T-th row of a matrix is a tensor too.
 */
export class Tensor {
  readonly size: number;
  readonly cols: number;
  readonly rows: number;

  constructor(
    readonly graph: Graph,
    readonly storage: Storage,
    readonly shape: readonly number[],
    readonly dtype: Dtype = "f32",
    /** Whether gradients should reach this tensor. */
    readonly needsGrad = false,
    readonly offset = 0,
    readonly stride = shape.at(-1) ?? 1,
  ) {
    this.size = shape.reduce((a, b) => a * b, 1);
    this.cols = shape.at(-1) ?? 1;
    this.rows = this.cols ? this.size / this.cols : 0;
  }

  /** The same elements under another shape. Only for tensors without gaps. */
  reshape(shape: readonly number[]): Tensor {
    const view = new Tensor(this.graph, this.storage, shape, this.dtype, this.needsGrad, this.offset);
    if (this.stride !== this.cols || view.size !== this.size) throw new Error(`cannot view [${this.shape}] as [${shape}]`);
    if (this.needsGrad) this.graph.record(view, (g, grads) => grads.alias(this, g.reshape(this.shape)));
    return view;
  }

  /** The same elements, through which no gradient flows. */
  detach(): Tensor {
    return new Tensor(this.graph, this.storage, this.shape, this.dtype, false, this.offset, this.stride);
  }

  /** Entries lo to hi of the first axis of a parameter or constant; gradients land in the same memory. */
  slice(lo: number, hi: number): Tensor {
    if (this.needsGrad && !this.storage.buffer) throw new Error("only parameters and constants can be sliced");
    if (this.stride !== this.cols || lo < 0 || hi < lo || hi > this.shape[0])
      throw new Error(`cannot slice [${this.shape}] at ${lo}, ${hi}`);
    const each = this.size / this.shape[0];
    return new Tensor(this.graph, this.storage, [hi - lo, ...this.shape.slice(1)], this.dtype, this.needsGrad, this.offset + lo * each);
  }
}

export interface Launch {
  shader: Shader;
  bind: Record<string, Tensor>;
  params: Record<string, number | Live>;
  groups: [number, number, number];
  /** About how many floating-point operations it takes, reads and writes among them. */
  work: number;
}

export interface LaunchOptions {
  constants?: Constants;
  bind: Record<string, Tensor>;
  params?: Record<string, number | Live>;
  /** Number of invocations wanted, in a line ... */
  threads?: number;
  /** ... or of workgroups; lines longer than 65,535 fold into y (kernels compute x + y * 65535). */
  groups?: number;
  /** Workgroups along z. */
  z?: number;
  /** About how many floating-point operations it takes; so many for each invocation when absent. */
  work?: number;
}

/** Of an invocation that nothing else is known of: some loads, some arithmetic, a store. */
const USUAL_WORK = 64;

/** Part of a parameter's gradient: `parts` copies of `size` numbers, to be summed, for elements from `from` on. */
export interface Piece {
  parameter: Storage;
  from: number;
  size: number;
  parts: number;
  tensor: Tensor;
}

const MAX_GROUPS = 65535;

/** Mixed precision: what layers hand on and their weights are kept in f16, all sums in f32. */
export interface Mixed {
  /** [1], which gradients are multiplied with, so that f16 does not round them to zero. */
  lossScale(graph: Graph): Tensor;
}

export class Graph {
  readonly launches: Launch[] = [];
  /** Memory of the parameters' gradients. */
  readonly arenas = new Set<Storage>();
  private readonly tape: Recorded[] = [];
  /** Tensors whose gradient would be lost: what they are made of was forgotten. */
  readonly forgotten = new WeakSet<Tensor>();

  constructor(
    readonly engine: Engine,
    readonly mixed?: Mixed,
  ) {}

  /** A tensor in temporary memory, written by some launch of this graph. */
  temp(shape: readonly number[], dtype: Dtype = "f32", needsGrad = false): Tensor {
    const bytes = shape.reduce((a, b) => a * b, bytesOf(dtype));
    return new Tensor(this, { bytes, offset: 0 }, shape, dtype, needsGrad);
  }

  /** A tensor over memory that outlives the graph: parameters, optimizer state, batches. */
  fixed(buffer: GPUBuffer, shape: readonly number[], dtype: Dtype = "f32", offset = 0, needsGrad = false): Tensor {
    const bytes = shape.reduce((a, b) => a * b, bytesOf(dtype));
    return new Tensor(this, { bytes, buffer, offset }, shape, dtype, needsGrad);
  }

  /** The same numbers stored as `dtype`. */
  cast(t: Tensor, dtype: "f32" | "f16"): Tensor {
    const out = this.temp(t.shape, dtype, t.needsGrad);
    this.addRows(t, undefined, { tensor: t, every: 1 }, out);
    if (t.needsGrad) this.record(out, (g, grads) => grads.alias(t, g));
    return out;
  }

  /** As it can be an output of a program: f16 is not read back. */
  readable(t: Tensor): Tensor {
    return t.dtype === "f16" ? this.cast(t.detach(), "f32") : t;
  }

  /** out = a (zero when absent) + rows of b, in the shape of `like`. */
  addRows(like: Tensor, a: Tensor | undefined, { tensor: b, every }: RowGradient, out: Tensor): void {
    this.launch("elementwise", "add_rows", {
      constants: { A: a !== undefined },
      bind: { ...(a && { a }), b, out },
      params: {
        rows: like.rows,
        cols: like.cols,
        a_offset: a?.offset ?? 0,
        a_stride: a?.stride ?? 0,
        b_offset: b.offset,
        b_stride: b.stride,
        every,
      },
      threads: like.size,
    });
  }

  /** Records one dispatch. Which tensors it writes is read from the WGSL; of those that it reads, it reads the copies in f16 that there are. */
  launch(file: string, entry: string, options: LaunchOptions): void {
    const { bind, shader } = this.stored(file, entry, options);
    const count = options.groups ?? Math.ceil((options.threads ?? 1) / shader.workgroup);
    const x = Math.min(count, MAX_GROUPS);
    const groups: Launch["groups"] = [x, Math.ceil(count / MAX_GROUPS), options.z ?? 1];
    const work = options.work ?? USUAL_WORK * shader.workgroup * count * groups[2];
    if (count > 0) this.launches.push({ shader, bind, params: options.params ?? {}, groups, work });
  }

  /** The tensors as they lie in memory, and the kernel that takes them so. */
  private stored(file: string, entry: string, { constants, bind: given }: LaunchOptions): Pick<Launch, "bind" | "shader"> {
    const shader = this.engine.shader(file, entry, constants);
    const bind = { ...given };
    for (const { name, kind } of shader.bindings) {
      const { storage, shape, offset, stride } = given[name] ?? {};
      if (storage?.half && kind === "read") bind[name] = new Tensor(this, storage.half, shape, "f16", false, offset, stride);
    }
    const halves = shader.bindings.flatMap(({ name }) => (bind[name]?.dtype === "f16" ? [name] : []));
    return { bind, shader: halves.length > 0 ? this.engine.shader(file, entry, constants, halves) : shader };
  }

  /** Declares how a gradient at `output` flows on. Called only when one arrives. */
  record(output: Tensor, backward: (g: Tensor, grads: Gradients) => void): void {
    this.tape.push({ output, backward });
  }

  /**
   * What `make` makes, forgotten until a gradient arrives at `x` of it, and then made again: what lies between takes memory only while it is
   * needed, for twice the work. Nothing else that `make` returns may be differentiated; its values may be read.
   */
  recomputed<T extends { x: Tensor }>(make: () => T): T {
    const { made, recorded } = this.apart(make);
    if (!made.x.needsGrad) return made;
    for (const { output } of recorded) this.forgotten.add(output);
    this.forgotten.delete(made.x);
    this.record(made.x, (g, grads) => {
      const again = this.apart(make);
      grads.alias(again.made.x, g);
      grads.walk(again.recorded);
    });
    return made;
  }

  /** What `make` makes, and what it would have left on the tape. */
  private apart<T>(make: () => T): { made: T; recorded: Recorded[] } {
    const from = this.tape.length;
    const made = make();
    return { made, recorded: this.tape.splice(from) };
  }

  /** Differentiates: `seed` plants the first gradients, then the tape is walked backwards. Returns the parameters' share. */
  gradients(seed: (grads: Gradients) => void): Gradients {
    const grads = new Gradients(this);
    seed(grads);
    if (this.mixed) grads.multiply(this.mixed.lossScale(this));
    grads.walk(this.tape);
    return grads;
  }
}

/** How a gradient at a tensor flows on. */
interface Recorded {
  output: Tensor;
  backward(g: Tensor, grads: Gradients): void;
}

/** Parts of a gradient that the optimizer sums, and numbers of a parameter from which on there may be no more of them. */
const MOST_PARTS = 4;
const LARGE = 2 ** 15;

/** A gradient with a row for each `every`-th row of its tensor and zeros between. */
export interface RowGradient {
  tensor: Tensor;
  every: number;
}

/** Gradients found so far while walking a tape backwards. */
export class Gradients {
  /** Holds every parameter gradient piece, so that one kernel can read them all. */
  readonly arena: Storage = { bytes: 0, offset: 0 };
  /** Tensors whose gradient the tape passes on to others. */
  readonly flowsOn = new Set<Tensor>();
  private readonly found = new Map<Tensor, RowGradient>();
  private readonly list: Piece[] = [];
  private readonly collected = new Set<Tensor>();

  constructor(readonly graph: Graph) {
    graph.arenas.add(this.arena);
  }

  /** Lets the gradients that have arrived flow back along a tape. */
  walk(tape: readonly Recorded[]): void {
    for (const { output, backward } of [...tape].reverse()) {
      const g = this.of(output);
      if (g) backward(g, this);
    }
    for (const { output } of tape) this.flowsOn.add(output);
  }

  /** The whole gradient at `t`, if any arrived: without gaps and from its memory's start, as backward kernels read it. */
  of(t: Tensor): Tensor | undefined {
    const g = this.found.get(t);
    if (!g) return undefined;
    const { tensor } = g;
    if (g.every === 1 && tensor.stride === tensor.cols && tensor.offset === 0)
      return tensor.cols === t.cols ? tensor : new Tensor(this.graph, tensor.storage, t.shape, tensor.dtype);
    const whole = this.addition(t, undefined, g);
    this.set(t, whole, 1);
    return whole;
  }

  /** Adds a contribution computed by `make`, which gets what is there already so that a kernel can fuse the sum. */
  add(t: Tensor, make: (previous?: RowGradient) => Tensor): void {
    if (t.needsGrad) this.set(t, make(this.found.get(t)), 1);
  }

  /** Adds `g` itself, without a launch when nothing else has arrived. */
  alias(t: Tensor, g: Tensor): void {
    this.add(t, (previous) => (previous ? this.addition(t, g, previous) : g));
  }

  /** Adds a gradient that is zero except at rows 0, every, 2 every, ... */
  addRows(t: Tensor, g: Tensor, every: number): void {
    if (!t.needsGrad) return;
    const previous = this.found.get(t);
    if (!previous) this.set(t, g, every);
    else if (previous.every === every) this.set(t, this.addition(g, g, { tensor: previous.tensor, every: 1 }), every);
    else this.set(t, this.addition(t, this.of(t), { tensor: g, every }), 1);
  }

  private set(t: Tensor, tensor: Tensor, every: number): void {
    if (this.graph.forgotten.has(t)) throw new Error(`a gradient arrives at [${t.shape}], which is made again and takes none`);
    const rows = Math.ceil(t.rows / every);
    if (tensor.size !== rows * t.cols) throw new Error(`a gradient of [${t.shape}] is [${tensor.shape}], for every ${every}th row`);
    this.found.set(t, { tensor, every });
  }

  /**
   * All gradients of parameters. Those that arrived whole, as that of a parameter used like any tensor does, are copied
   * to pieces when first asked for.
   */
  get pieces(): Piece[] {
    for (const [t, g] of this.found) {
      if (!t.storage.buffer || this.flowsOn.has(t) || this.collected.has(t)) continue;
      this.collected.add(t);
      this.addition(t, undefined, g, this.piece(t, 1));
    }
    return this.list;
  }

  /** A place for (part of) a parameter's gradient; the caller must write all of it. */
  piece(parameter: Tensor, parts: number): Tensor {
    const { size } = parameter;
    const storage: Storage = { bytes: 4 * parts * size, offset: this.arena.bytes, parent: this.arena };
    this.arena.bytes += Math.ceil(storage.bytes / 256) * 256;
    const tensor = new Tensor(this.graph, storage, [parts, size]);
    this.list.push({ parameter: parameter.storage, from: parameter.offset, size, parts, tensor });
    return tensor;
  }

  /**
   * The same for many parts. `write` writes them all, [parts, size]. Those of a large parameter are summed at once, in memory that the next
   * may use again: kept for the optimizer, they would take many times the memory of the parameters.
   */
  partial(parameter: Tensor, parts: number, write: (out: Tensor) => void): void {
    const { size } = parameter;
    if (parts <= MOST_PARTS || size < LARGE) {
      write(this.piece(parameter, parts));
      return;
    }
    const b = this.graph.temp([parts, size]);
    write(b);
    const none = { a_offset: 0, a_stride: 0, b_offset: 0, b_stride: 0, every: 1 };
    const out = this.piece(parameter, 1);
    this.graph.launch("elementwise", "sum_parts", { bind: { b, out }, params: { ...none, rows: parts, cols: size }, threads: size });
  }

  /** Multiplies what has arrived with the number `factor` [1]. */
  multiply(factor: Tensor): void {
    for (const [t, { tensor, every }] of this.found) {
      const { rows, cols, offset, stride } = tensor;
      const out = this.graph.temp(tensor.shape, t.dtype);
      const params = { rows, cols, a_offset: 0, a_stride: 0, b_offset: offset, b_stride: stride, every: 1 };
      this.graph.launch("elementwise", "multiply", { bind: { b: tensor, factor, out }, params, threads: out.size });
      this.found.set(t, { tensor: out, every });
    }
  }

  /** All pieces as one tensor. */
  whole(): Tensor {
    return new Tensor(this.graph, this.arena, [this.arena.bytes / 4]);
  }

  /** a (zero when absent) + rows of b, in the shape of `like`. */
  private addition(like: Tensor, a: Tensor | undefined, b: RowGradient, out = this.graph.temp(like.shape, like.dtype)): Tensor {
    this.graph.addRows(like, a, b, out);
    return out;
  }
}
