/**
 * A model's parameters on the GPU: one flat buffer of 64-float blocks, each parameter starting at a block, so that any of
 * them can be bound by offset and one optimizer kernel walks all of them. A graph of mixed precision reads the matrices of layers from
 * copies in f16, which it makes first.
 */
import type { Engine } from "../engine/device";
import { bytesOf, type Graph, type Storage, Tensor } from "../engine/graph";
import { BLOCK, copyBlocks, NOWHERE } from "../ops/copyblocks";
import { checkTensor, listed, type Weights, WeightsError } from "./weights";

/** Floats per block: 256 bytes, the alignment that WebGPU requires of a binding. */
export { BLOCK };

interface Place {
  shape: number[];
  size: number;
  /** First block. */
  block: number;
}

/** Parameters as tensors of one graph, by timm name. */
export type Bound = Record<string, Tensor>;

/** Matrices of layers, but for those that answer; not tokens, positions, norms and biases. */
const isHalved = (name: string, { shape }: Place): boolean => shape.length > 1 && !/token|pos_embed|head/.test(name);

export class Params {
  readonly places = new Map<string, Place>();
  readonly blocks: number;
  readonly buffer: GPUBuffer;
  private readonly halves = new WeakMap<Graph, ReadonlyMap<string, Storage>>();
  /** Where each block lies among the copies, once a graph had some. */
  private blocksTo?: GPUBuffer;

  /** Uploads `weights`. Throws a WeightsError naming the tensor whose values do not fill its shape or are not finite. */
  constructor(
    readonly engine: Engine,
    weights: Weights,
  ) {
    let block = 0;
    for (const [name, { shape, data }] of weights) {
      this.places.set(name, { shape, size: data.length, block });
      block += Math.ceil(data.length / BLOCK);
    }
    this.blocks = block;
    const flat = this.flatten(weights);
    this.buffer = engine.takeBuffer(flat.byteLength);
    engine.device.queue.writeBuffer(this.buffer, 0, flat);
  }

  /** Number of trainable values. */
  get count(): number {
    return [...this.places.values()].reduce((sum, p) => sum + p.size, 0);
  }

  /**
   * Overwrites all values; names and shapes must be those the parameters were made with. Throws a WeightsError naming the
   * tensor at fault before anything is written; `name` says whose weights they are.
   */
  write(weights: Weights, name?: string): void {
    this.engine.device.queue.writeBuffer(this.buffer, 0, this.flatten(weights, name));
  }

  /** The parameters as tensors; gradients reach them when `trainable`, or those that it names. */
  on(graph: Graph, trainable: boolean | ((name: string) => boolean)): Bound {
    const learns = typeof trainable === "function" ? trainable : () => trainable;
    const halves = graph.mixed && this.halvesOn(graph);
    const bind = (name: string, { shape, block }: Place) => {
      const tensor = graph.fixed(this.buffer, shape, "f32", 4 * BLOCK * block, learns(name));
      tensor.storage.half = halves?.get(name);
      return tensor;
    };
    return Object.fromEntries([...this.places].map(([name, place]) => [name, bind(name, place)]));
  }

  /** The copies in f16, by name, that a graph makes where it first asks for the parameters. */
  private halvesOn(graph: Graph): ReadonlyMap<string, Storage> {
    const known = this.halves.get(graph);
    if (known) return known;
    const halves = new Map<string, Storage>();
    const parent: Storage = { bytes: 0, offset: 0 };
    const to = new Uint32Array(this.blocks).fill(NOWHERE);
    const bytes = bytesOf("f16") * BLOCK;
    for (const [name, place] of this.places) {
      if (!isHalved(name, place)) continue;
      const { block, size } = place;
      const count = Math.ceil(size / BLOCK);
      for (let i = 0; i < count; i++) to[block + i] = parent.bytes / bytes + i;
      halves.set(name, { bytes: bytesOf("f16") * size, offset: parent.bytes, parent });
      parent.bytes += 256 * Math.ceil((count * bytes) / 256);
    }
    this.halves.set(graph, halves);
    if (halves.size > 0) this.copyHalves(graph, parent, to);
    return halves;
  }

  private copyHalves(graph: Graph, copies: Storage, to: Uint32Array<ArrayBuffer>): void {
    const { engine, blocks } = this;
    if (!this.blocksTo) {
      this.blocksTo = engine.takeBuffer(to.byteLength);
      engine.device.queue.writeBuffer(this.blocksTo, 0, to);
    }
    const out = new Tensor(graph, copies, [copies.bytes / bytesOf("f16")], "f16");
    copyBlocks(graph.fixed(this.buffer, [BLOCK * blocks]), graph.fixed(this.blocksTo, [blocks], "u32"), out);
  }

  /** Copies the current values back. */
  async read(): Promise<Weights> {
    const flat = await readFloats(this.engine, this.buffer, BLOCK * this.blocks);
    return new Map(
      [...this.places].map(([name, { shape, size, block }]) => [name, { shape, data: flat.slice(BLOCK * block, BLOCK * block + size) }]),
    );
  }

  destroy(): void {
    this.engine.giveBuffer(this.buffer);
    if (this.blocksTo) this.engine.giveBuffer(this.blocksTo);
  }

  private flatten(weights: Weights, whose = "weights"): Float32Array<ArrayBuffer> {
    const flat = new Float32Array(BLOCK * this.blocks);
    for (const [name, { shape, block }] of this.places) flat.set(checkTensor(whose, name, shape, weights.get(name)).data, BLOCK * block);
    const extra = [...weights.keys()].filter((name) => !this.places.has(name));
    if (extra.length) throw new WeightsError(`${whose}: the model has no ${listed(extra)}.`, "Give the weights of the same model.");
    return flat;
  }
}

/** The first `count` floats of a buffer. */
export async function readFloats(engine: Engine, buffer: GPUBuffer, count: number): Promise<Float32Array> {
  const staging = engine.device.createBuffer({ size: 4 * count, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = engine.device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, 4 * count);
  engine.device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return values;
}
