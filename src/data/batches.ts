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

/** A batch as it is uploaded: where images are bytes as such, with zeros up to a multiple of four. */
export type Loaded = Omit<Batch, "images"> & { images: Float32Array | Uint8Array };

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
  readonly train: Ahead<Loaded>;
  /** What each byte of a channel becomes once normalised, f32 [C, 256]; nothing where images are no bytes. */
  readonly values?: Float32Array;
  private readonly order: Order;

  constructor(
    readonly dataset: Pictures,
    readonly size: number,
    seed: number,
  ) {
    this.order = new Order(dataset.train.count, size, seed);
    this.train = new Ahead((step) => this.upload(this.order.indices(step)));
    if (dataset.full === undefined)
      this.values = Float32Array.from({ length: 256 * dataset.channels }, (_, i) => this.normal(i >> 8)(i % 256));
  }

  /** Which images those of step `step` are, and their labels, without the images. */
  named(step: number): Omit<Batch, "images"> {
    const indices = this.order.indices(step);
    return { indices, labels: this.labels(this.dataset.train, indices) };
  }

  private labels = (split: Pictures["train"], indices: ArrayLike<number>) => Uint32Array.from(indices, (i) => split.label(i));

  /** What a value of a channel becomes. */
  private normal(channel: number): (value: number) => number {
    const { moments, full = 255 } = this.dataset;
    const shift = full * moments.mean[channel];
    const gain = 1 / (full * moments.std[channel]);
    return (value) => (value - shift) * gain;
  }

  /** Images to train on. */
  private upload(indices: number[]): Loaded {
    const { train } = this.dataset;
    if (!this.values) return this.load(train, indices);
    const { side, columns = side, channels } = this.dataset;
    const each = channels * side * columns;
    const images = new Uint8Array(4 * Math.ceil((indices.length * each) / 4));
    for (const [b, i] of indices.entries()) images.set(train.image(i), b * each);
    return { images, labels: this.labels(train, indices), indices };
  }

  /** These images, normalised, without augmentation. */
  load(split: Pictures["train"], indices: ArrayLike<number>): Batch {
    const { side, columns = side, channels } = this.dataset;
    const area = side * columns;
    const images = new Float32Array(indices.length * channels * area);
    for (let b = 0; b < indices.length; b++) {
      const image = split.image(indices[b]);
      for (let c = 0; c < channels; c++) {
        const from = c * area;
        const to = b * channels * area + from;
        const normal = this.normal(c);
        for (let i = 0; i < area; i++) images[to + i] = normal(image[from + i]);
      }
    }
    return { images, labels: this.labels(split, indices), indices };
  }
}
