/** Batches in an order that is a pure function of seed and step, so that a resumed run sees what it would have seen. */
import { uniform } from "../engine/random";
import { channelMoments, type Dataset, type Moments, type Split } from "./dataset";

/** Tells the shuffle from other uses of the same seed. */
const STREAM = 0x100;

/** An order of images: every one once per epoch, in a new order each time. */
export class Order {
  private epoch = -1;
  private order = new Uint32Array();

  constructor(
    private readonly count: number,
    /** Images per step. */
    private readonly size: number,
    private readonly seed: number,
  ) {}

  /** Indices of the images of step `step` (from 0). */
  indices(step: number): number[] {
    return Array.from({ length: this.size }, (_, i) => {
      const at = step * this.size + i;
      this.shuffle(Math.floor(at / this.count));
      return this.order[at % this.count];
    });
  }

  /** Fisher-Yates from (seed, epoch). */
  private shuffle(epoch: number): void {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.order = Uint32Array.from({ length: this.count }, (_, i) => i);
    for (let i = this.count - 1; i > 0; i--) {
      const j = Math.floor(uniform(this.seed, STREAM, epoch, i) * (i + 1));
      [this.order[i], this.order[j]] = [this.order[j], this.order[i]];
    }
  }
}

export class Batches {
  /** By which images are normalised. */
  readonly moments: Moments;
  private readonly order: Order;

  constructor(
    readonly dataset: Dataset,
    readonly size: number,
    seed: number,
  ) {
    this.order = new Order(dataset.train.count, size, seed);
    this.moments = channelMoments(dataset.train, dataset.channels);
  }

  /** Indices of the training images of step `step` (from 0). */
  indices(step: number): number[] {
    return this.order.indices(step);
  }

  /** Normalised images f32 [n, C, side, side] and labels u32 [n] of the given images. */
  load(split: Split, indices: ArrayLike<number>): { images: Float32Array; labels: Uint32Array } {
    const area = this.dataset.side ** 2;
    const each = area * this.dataset.channels;
    const images = new Float32Array(indices.length * each);
    for (let b = 0; b < indices.length; b++) {
      for (let c = 0; c < this.dataset.channels; c++) {
        const from = indices[b] * each + c * area;
        const to = b * each + c * area;
        const shift = 255 * this.moments.mean[c];
        const gain = 1 / (255 * this.moments.std[c]);
        for (let i = 0; i < area; i++) images[to + i] = (split.images[from + i] - shift) * gain;
      }
    }
    return { images, labels: Uint32Array.from(indices, (i) => split.labels[i]) };
  }
}
