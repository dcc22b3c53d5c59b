/** Batches in an order that is a pure function of seed and step, so that a resumed run sees what it would have seen. */
import { uniform } from "../engine/random";
import type { Pictures } from "./dataset";

export interface Batch {
  /** Normalised, f32 [n, C, side, columns]. */
  images: Float32Array;
  /** u32 [n]. */
  labels: Uint32Array;
  /** Which images they are. */
  indices: ArrayLike<number>;
}

/** Keeps the shuffle apart from other uses of the same seed. */
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

/** Batches that may be made a step ahead. What is made must be a function of the step alone. */
export class Ahead<T> {
  private next?: { step: number; made: T };

  constructor(private readonly make: (step: number) => T) {}

  /** Makes the batch of step `step`, for `take` to have at once. */
  prepare(step: number): void {
    this.next = { step, made: this.make(step) };
  }

  take(step: number): T {
    return this.next?.step === step ? this.next.made : this.make(step);
  }
}

export class Batches {
  /** Training batches by step (from 0). */
  readonly train: Ahead<Batch>;
  private readonly order: Order;

  constructor(
    readonly dataset: Pictures,
    readonly size: number,
    seed: number,
  ) {
    this.order = new Order(dataset.train.count, size, seed);
    this.train = new Ahead((step) => this.load(dataset.train, this.order.indices(step)));
  }

  /** Which images those of step `step` are, and their labels, without the images. */
  named(step: number): Omit<Batch, "images"> {
    const indices = this.order.indices(step);
    return { indices, labels: this.labels(this.dataset.train, indices) };
  }

  private labels = (split: Pictures["train"], indices: ArrayLike<number>) => Uint32Array.from(indices, (i) => split.label(i));

  /** These images, without augmentation. */
  load(split: Pictures["train"], indices: ArrayLike<number>): Batch {
    const { side, columns = side, channels, moments, full = 255 } = this.dataset;
    const area = side * columns;
    const images = new Float32Array(indices.length * channels * area);
    for (let b = 0; b < indices.length; b++) {
      const image = split.image(indices[b]);
      for (let c = 0; c < channels; c++) {
        const from = c * area;
        const to = b * channels * area + from;
        const shift = full * moments.mean[c];
        const gain = 1 / (full * moments.std[c]);
        for (let i = 0; i < area; i++) images[to + i] = (image[from + i] - shift) * gain;
      }
    }
    return { images, labels: this.labels(split, indices), indices };
  }
}
