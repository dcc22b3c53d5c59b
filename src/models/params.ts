/**
 * A model's parameters on the GPU: one flat buffer of 64-float blocks, each parameter starting at a block, so that any of
 * them can be bound by offset and one optimizer kernel walks all of them.
 */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import type { Graph, Tensor } from "../engine/graph";
import type { Weights } from "./vit.config";

/** Floats per block: 256 bytes, the alignment WebGPU asks of a binding. */
export const BLOCK = 64;

interface Place {
  shape: number[];
  size: number;
  /** First block. */
  block: number;
}

/** Parameters as tensors of one graph, by timm name. */
export type Bound = Record<string, Tensor>;

export class Params {
  readonly places = new Map<string, Place>();
  readonly blocks: number;
  readonly buffer: GPUBuffer;

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
    this.buffer = engine.takeBuffer(4 * BLOCK * block);
    this.write(weights);
  }

  /** Number of trainable values. */
  get count(): number {
    return [...this.places.values()].reduce((sum, p) => sum + p.size, 0);
  }

  /** Overwrites all values; names and shapes must be those the parameters were made with. */
  write(weights: Weights): void {
    const flat = new Float32Array(BLOCK * this.blocks);
    for (const [name, place] of this.places) {
      const weight = weights.get(name);
      if (weight?.data.length !== place.size)
        throw new EngineError(`The weights for ${name} do not fit.`, `Give [${place.shape}], as the model was made with.`);
      flat.set(weight.data, BLOCK * place.block);
    }
    this.engine.device.queue.writeBuffer(this.buffer, 0, flat);
  }

  /** The parameters as tensors; gradients reach them when `trainable`. */
  on(graph: Graph, trainable: boolean): Bound {
    const bind = ({ shape, block }: Place) => graph.fixed(this.buffer, shape, "f32", 4 * BLOCK * block, trainable);
    return Object.fromEntries([...this.places].map(([name, place]) => [name, bind(place)]));
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
