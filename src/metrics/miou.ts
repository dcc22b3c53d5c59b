/**
 * Mean intersection over union of predicted masks, from counts over all pixels of all images:
 *
 *   IoU_c = TP_c / (TP_c + FP_c + FN_c)        mIoU = its mean over the classes that truth or prediction shows anywhere
 *
 * Pixels whose true label is no class (255) do not count, whatever was predicted there.
 */
import { mean } from "./verdicts";

export interface MiouScores {
  /** 0..1; NaN when no pixel counts. */
  miou: number;
  /** NaN for a class that neither truth nor prediction shows. */
  perClass: number[];
  /** Share of the pixels that are right, 0..1; NaN when none counts. */
  pixelAccuracy: number;
}

/** How often each class was taken for each. */
export class Confusion {
  /** [classes, classes]: pixels of true class i predicted as class j at i * classes + j. */
  readonly counts: Float64Array;

  constructor(readonly classes: number) {
    this.counts = new Float64Array(classes * classes);
  }

  /** Counts pixels: predicted classes and true labels of the same length. Throws for a prediction that is no class. */
  add(predicted: ArrayLike<number>, truth: ArrayLike<number>): void {
    const { classes, counts } = this;
    if (predicted.length !== truth.length) throw new Error(`Confusion: ${predicted.length} predictions for ${truth.length} labels`);
    for (let i = 0; i < truth.length; i++) {
      if (truth[i] >= classes) continue;
      if (!(predicted[i] < classes)) throw new Error(`Confusion: ${predicted[i]} is none of ${classes} classes`);
      counts[truth[i] * classes + predicted[i]]++;
    }
  }

  scores(): MiouScores {
    const labels = Array.from({ length: this.classes }, (_, label) => label);
    const right = labels.map((label) => this.counts[label * this.classes + label]);
    const perClass = labels.map((label) => right[label] / (this.row(label) + this.column(label) - right[label]));
    const all = this.counts.reduce((sum, count) => sum + count, 0);
    return {
      miou: mean(perClass.filter((iou) => !Number.isNaN(iou))),
      perClass,
      pixelAccuracy: right.reduce((sum, count) => sum + count, 0) / all,
    };
  }

  /** Pixels of a class. */
  private row(label: number): number {
    return this.counts.subarray(label * this.classes, (label + 1) * this.classes).reduce((sum, count) => sum + count, 0);
  }

  /** Pixels predicted as a class. */
  private column(label: number): number {
    return this.counts.reduce((sum, count, i) => (i % this.classes === label ? sum + count : sum), 0);
  }
}
