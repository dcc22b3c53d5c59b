/** A batch on the GPU: its images, and what is left of each. */
import type { Engine } from "../../engine/device";
import type { Graph } from "../../engine/graph";
import { hidden } from "../../ops/select";
import { giveImages, type ImageBuffers, imagesOn, takeImages } from "../uploaded";
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
  private readonly images: ImageBuffers;
  private readonly buffers: Record<"kept" | "places" | "visible" | "hidden", GPUBuffer>;
  private readonly count: number;

  constructor(
    private readonly engine: Engine,
    private readonly cut: Cut,
    readonly batch: number,
    /** Where images are uploaded as bytes: what each of a channel becomes. */
    values?: Float32Array,
  ) {
    this.count = cellsAcross(cut) ** 2;
    this.images = takeImages(engine, this.shape, values);
    const each = this.engine.takeBuffer.bind(this.engine);
    const cells = 4 * batch * this.count;
    this.buffers = {
      kept: each(cells),
      places: each(cells),
      visible: each(cells),
      hidden: each(cells),
    };
  }

  private get shape(): number[] {
    const { channels, image } = this.cut;
    return [this.batch, channels, image, image];
  }

  /** Uploads images [B, C, S, S], normalised or bytes, and draws what is hidden of them. Returns the patches that are seen, u32 [B * k]. */
  load(images: Float32Array | Uint8Array, { ratio, seed, step }: Mask): Uint32Array {
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
    this.engine.device.queue.writeBuffer(this.images.images, 0, images as BufferSource);
    this.write({ kept: seen, places, visible: Float32Array.from(visible), hidden: Float32Array.from(visible, (v) => 1 - v) });
    return seen;
  }

  private write(values: Record<keyof MaskedInputs["buffers"], Float32Array | Uint32Array>): void {
    for (const [name, buffer] of Object.entries(this.buffers))
      this.engine.device.queue.writeBuffer(buffer, 0, values[name as keyof typeof values] as BufferSource);
  }

  /** The same on a graph that hides this share. */
  on(graph: Graph, ratio: number): Masked {
    const { batch, count, buffers } = this;
    const each = hiddenCount(count, ratio);
    return {
      images: imagesOn(graph, this.images, this.shape),
      left: {
        kept: graph.fixed(buffers.kept, [batch, count - each], "u32"),
        places: graph.fixed(buffers.places, [batch, count], "u32"),
        visible: graph.fixed(buffers.visible, [batch, cellsAcross(this.cut), cellsAcross(this.cut)]),
      },
      hidden: { hidden: graph.fixed(buffers.hidden, [batch * count]), count: batch * each },
    };
  }

  destroy(): void {
    giveImages(this.engine, this.images);
    for (const buffer of Object.values(this.buffers)) this.engine.giveBuffer(buffer);
  }
}
