/** Brings results back without stalling: a ring of staging buffers that are copied into behind a run and mapped later. */
import type { Engine } from "./device";
import type { Tensor } from "./graph";

/** Output name -> values. */
export type Fetched = Record<string, Float32Array | Uint32Array>;

const DEPTH = 4;

interface Slot {
  buffer: GPUBuffer;
  busy: boolean;
}

/** One stretch of bytes to copy. */
interface Copy {
  buffer: GPUBuffer;
  from: number;
  to: number;
  bytes: number;
}

export class Ring {
  private readonly slots: Slot[] = [];
  private readonly copies: Copy[] = [];
  /** Where each output starts in a slot, in bytes. */
  private readonly starts = new Map<string, number>();
  private readonly bytes: number = 0;
  private destroyed = false;

  /** `sources` lacks the outputs without elements, which have no memory either. */
  constructor(
    private readonly engine: Engine,
    private readonly outputs: Record<string, Tensor>,
    sources: Map<Tensor, GPUBuffer>,
  ) {
    for (const [name, tensor] of Object.entries(outputs)) {
      if (tensor.dtype === "f16") throw new Error(`the output ${name} is f16: see Graph.readable`);
      this.starts.set(name, this.bytes);
      const buffer = sources.get(tensor);
      if (buffer) this.copies.push(...stretches(tensor, buffer, this.bytes));
      this.bytes += 4 * tensor.size;
    }
  }

  /** A place for results, kept for the caller until it is read; undefined when every one still waits for its reader. */
  take(): Slot | undefined {
    const slot = this.slots.find((s) => !s.busy) ?? this.grow();
    if (slot) slot.busy = true;
    return slot;
  }

  /** Whether `take` would find a place. */
  get free(): boolean {
    return this.slots.length < DEPTH || this.slots.some((s) => !s.busy);
  }

  /** Copies the outputs behind what `encoder` holds. */
  copy(encoder: GPUCommandEncoder, slot: Slot): void {
    for (const { buffer, from, to, bytes } of this.copies) encoder.copyBufferToBuffer(buffer, from, slot.buffer, to, bytes);
  }

  /** The values in a slot whose copy was submitted. Rejects with the device's failure when they cannot arrive any more. */
  async read(slot: Slot): Promise<Fetched> {
    try {
      await slot.buffer.mapAsync(GPUMapMode.READ);
    } catch (error) {
      throw this.destroyed ? new Error("this program was disposed of before its results arrived") : await this.engine.cause(error);
    }
    const bytes = slot.buffer.getMappedRange().slice(0);
    slot.buffer.unmap();
    slot.busy = false;
    return Object.fromEntries(
      Object.entries(this.outputs).map(([name, { dtype, size }]) => {
        const Typed = dtype === "u32" ? Uint32Array : Float32Array;
        return [name, new Typed(bytes, this.starts.get(name), size)];
      }),
    );
  }

  destroy(): void {
    this.destroyed = true;
    for (const { buffer } of this.slots) buffer.destroy();
  }

  private grow(): Slot | undefined {
    if (this.slots.length === DEPTH) return undefined;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const slot = { buffer: this.engine.device.createBuffer({ size: Math.max(4, this.bytes), usage }), busy: false };
    this.slots.push(slot);
    return slot;
  }
}

/** The bytes of a tensor in its buffer: one stretch, or one for each row when there are gaps between them. */
function stretches({ storage, offset, size, rows, cols, stride }: Tensor, buffer: GPUBuffer, to: number): Copy[] {
  const from = storage.offset + 4 * offset;
  if (stride === cols) return [{ buffer, from, to, bytes: 4 * size }];
  return Array.from({ length: rows }, (_, r) => ({ buffer, from: from + 4 * r * stride, to: to + 4 * r * cols, bytes: 4 * cols }));
}
