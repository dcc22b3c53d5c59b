/** Brings results back without stalling: a ring of staging buffers that are copied into behind a run and mapped later. */
import type { Tensor } from "./graph";

/** Output name -> values. */
export type Fetched = Record<string, Float32Array | Uint32Array>;

const DEPTH = 4;

interface Slot {
  buffer: GPUBuffer;
  busy: boolean;
}

export class Ring {
  private readonly slots: Slot[] = [];
  private readonly names: string[];
  private readonly offsets: number[] = [];
  private readonly bytes: number = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly outputs: Record<string, Tensor>,
  ) {
    this.names = Object.keys(outputs);
    for (const name of this.names) {
      this.offsets.push(this.bytes);
      this.bytes += 4 * outputs[name].size;
    }
  }

  /** Copies the outputs behind what `encoder` holds; undefined when every slot still waits for its reader. */
  copy(encoder: GPUCommandEncoder): Slot | undefined {
    const slot = this.slots.find((s) => !s.busy) ?? this.grow();
    if (!slot) return undefined;
    slot.busy = true;
    for (const [i, name] of this.names.entries()) {
      const { storage, offset, size } = this.outputs[name];
      const source = (storage.parent ?? storage).buffer as GPUBuffer;
      encoder.copyBufferToBuffer(source, storage.offset + 4 * offset, slot.buffer, this.offsets[i], 4 * size);
    }
    return slot;
  }

  /** The values in a slot whose copy was submitted. */
  async read(slot: Slot): Promise<Fetched> {
    await slot.buffer.mapAsync(GPUMapMode.READ);
    const bytes = slot.buffer.getMappedRange().slice(0);
    slot.buffer.unmap();
    slot.busy = false;
    return Object.fromEntries(
      this.names.map((name, i) => {
        const { dtype, size } = this.outputs[name];
        const Typed = dtype === "u32" ? Uint32Array : Float32Array;
        return [name, new Typed(bytes, this.offsets[i], size)];
      }),
    );
  }

  destroy(): void {
    for (const { buffer } of this.slots) buffer.destroy();
  }

  private grow(): Slot | undefined {
    if (this.slots.length === DEPTH) return undefined;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const slot = { buffer: this.device.createBuffer({ size: Math.max(4, this.bytes), usage }), busy: false };
    this.slots.push(slot);
    return slot;
  }
}
