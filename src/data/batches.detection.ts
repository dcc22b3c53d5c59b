/** Batches of images with boxes, in the same order as `batches.ts`: pure functions of seed and step. */
import type { GroundTruth } from "../geometry/boxes";
import { Ahead, Order } from "./batches";
import type { DetectionSet, DetectionSplit } from "./detection";
import { jitter, jitteredImage, jitteredTruths, STILL } from "./jitter";

export interface DetectionBatch {
  /** Normalised, f32 [n, side, side, 3]. */
  images: Float32Array;
  /** What is on each, in its pixels; crowds and difficult objects included. */
  truths: GroundTruth[][];
}

export class DetectionBatches {
  /** Training batches by step (from 0). */
  readonly train: Ahead<DetectionBatch>;

  constructor(
    private readonly dataset: DetectionSet,
    readonly size: number,
    seed: number,
    /** Whether training images are flipped, zoomed and lit at random. */
    augment = true,
  ) {
    const { train, side } = dataset;
    const order = new Order(train.count, size, seed);
    this.train = new Ahead((step) => this.gather(train, order.indices(step), (i) => (augment ? jitter(seed, step, i, side) : STILL)));
  }

  /** These images, without augmentation. */
  load(split: DetectionSplit, indices: ArrayLike<number>): DetectionBatch {
    return this.gather(split, indices, () => STILL);
  }

  private gather(split: DetectionSplit, indices: ArrayLike<number>, jitterOf: (i: number) => typeof STILL): DetectionBatch {
    const { side, moments } = this.dataset;
    const each = 3 * side * side;
    const images = new Float32Array(indices.length * each);
    const truths = Array.from(indices, (index, i) => {
      const jitter = jitterOf(i);
      jitteredImage(split.image(index), side, moments, jitter, images.subarray(i * each, (i + 1) * each));
      return jitter === STILL ? split.truths(index) : jitteredTruths(split.truths(index), jitter, side);
    });
    return { images, truths };
  }
}
