/** Batches of images with masks, in the same order as `batches.ts`: pure functions of seed and step. */
import { Ahead, Order } from "./batches";
import { jitter, jitteredImage, jitteredLabels, STILL } from "./jitter";
import { IGNORE, type SegmentationSet, type SegmentationSplit } from "./segmentation";

export interface SegmentationBatch {
  /** Normalised, f32 [n, 3, side, side]. */
  images: Float32Array;
  /** u32 [n, side, side], `IGNORE` where no pixel counts. */
  labels: Uint32Array;
}

export class SegmentationBatches {
  /** Training batches by step (from 0). */
  readonly train: Ahead<SegmentationBatch>;

  constructor(
    readonly dataset: SegmentationSet,
    readonly size: number,
    seed: number,
    /** Whether training images are flipped, zoomed and lit at random, their masks with them. */
    augment = true,
  ) {
    const { train, side } = dataset;
    const order = new Order(train.count, size, seed);
    this.train = new Ahead((step) => this.gather(train, order.indices(step), (i) => (augment ? jitter(seed, step, i, side) : STILL)));
  }

  /** These images, without augmentation. */
  load(split: SegmentationSplit, indices: ArrayLike<number>): SegmentationBatch {
    return this.gather(split, indices, () => STILL);
  }

  private gather(split: SegmentationSplit, indices: ArrayLike<number>, jitterOf: (i: number) => typeof STILL): SegmentationBatch {
    const { side, moments } = this.dataset;
    const area = side * side;
    const images = new Float32Array(indices.length * 3 * area);
    const labels = new Uint32Array(indices.length * area);
    for (let i = 0; i < indices.length; i++) {
      const jitter = jitterOf(i);
      jitteredImage(split.image(indices[i]), side, moments, jitter, images.subarray(3 * i * area, 3 * (i + 1) * area), true);
      jitteredLabels(split.labels(indices[i]), side, jitter, IGNORE, labels.subarray(i * area, (i + 1) * area));
    }
    return { images, labels };
  }
}
