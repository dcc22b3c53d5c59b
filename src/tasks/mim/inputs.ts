/** A batch on the GPU: its images, and what is left of each. */
import type { Engine } from "../../engine/device";
import type { Graph } from "../../engine/graph";
import { hidden } from "../../ops/select";
import { type Cut, cellsAcross, type Masked } from "./autoencoder";

/** Keeps these draws apart from others of the same seed. */
const STREAM = 0x500;

/** How many of N patches are hidden: at least one is seen, and one hidden. */
export const hiddenCount = (n: number, ratio: number): number => Math.min(n - 1, Math.max(1, Math.round(ratio * n)));

export interface Mask {
  ratio: number;
  seed: number;
  step: number;
}

/** Takes buffers: `destroy` gives them back. */
export class MaskedInputs {
  private readonly buffers: Record<"images" | "kept" | "places" | "visible" | "hidden", GPUBuffer>;
  private readonly count: number;

  constructor(
    private readonly engine: Engine,
    private readonly cut: Cut,
    readonly batch: number,
  ) {
    this.count = cellsAcross(cut) ** 2;
    const { channels, image } = cut;
    const each = this.engine.takeBuffer.bind(this.engine);
    const cells = 4 * batch * this.count;
    this.buffers = {
      images: each(4 * batch * channels * image ** 2),
      kept: each(cells),
      places: each(cells),
      visible: each(cells),
      hidden: each(cells),
    };
  }

  /** Uploads normalised images f32 [B, C, S, S] and draws what is hidden of them. Returns the patches that are seen, u32 [B * k]. */
  load(images: Float32Array, { ratio, seed, step }: Mask): Uint32Array {
    const { batch, count } = this;
    const share = hiddenCount(count, ratio) / count;
    const visible = hidden([batch, count], share, { seed, stream: STREAM, step });
    const places = new Uint32Array(batch * count);
    const kept: number[] = [];
    for (let b = 0; b < batch; b++) {
      const before = kept.length;
      for (let i = 0; i < count; i++) {
        const seen = visible[b * count + i] === 1;
        places[b * count + i] = seen ? kept.length - before : 0;
        if (seen) kept.push(i);
      }
    }
    const seen = Uint32Array.from(kept);
    this.write({ images, kept: seen, places, visible: Float32Array.from(visible), hidden: Float32Array.from(visible, (v) => 1 - v) });
    return seen;
  }

  private write(values: Record<keyof MaskedInputs["buffers"], Float32Array | Uint32Array>): void {
    for (const [name, buffer] of Object.entries(this.buffers))
      this.engine.device.queue.writeBuffer(buffer, 0, values[name as keyof typeof values] as BufferSource);
  }

  /** The same on a graph that hides this share. */
  on(graph: Graph, ratio: number): Masked {
    const { batch, count, buffers } = this;
    const { channels, image } = this.cut;
    const each = hiddenCount(count, ratio);
    return {
      images: graph.fixed(buffers.images, [batch, channels, image, image]),
      left: {
        kept: graph.fixed(buffers.kept, [batch, count - each], "u32"),
        places: graph.fixed(buffers.places, [batch, count], "u32"),
        visible: graph.fixed(buffers.visible, [batch, cellsAcross(this.cut), cellsAcross(this.cut)]),
      },
      hidden: { hidden: graph.fixed(buffers.hidden, [batch * count]), count: batch * each },
    };
  }

  destroy(): void {
    for (const buffer of Object.values(this.buffers)) this.engine.giveBuffer(buffer);
  }
}
