/** Counts how often each patch is kept: per position over the data in thirds of a run, and per gallery image. */
import type { Frequency } from "./protocol";

const STAGES = ["start", "early", "late"] as const;

export class FrequencyCount {
  private readonly stages: Frequency["stages"];
  private readonly gallery: Float64Array;
  private looks = 0;

  constructor(
    private readonly patches: number,
    private readonly galleryCount: number,
    private readonly steps: number,
  ) {
    this.stages = STAGES.map((name) => ({ name, images: 0, counts: new Float64Array(patches), expected: 0 }));
    this.gallery = new Float64Array(galleryCount * patches);
  }

  /** Adds a step's choice u32 [images, k]. */
  add(kept: Uint32Array, step: number, images: number): void {
    const stage = this.stages[Math.min(2, Math.floor((3 * (step - 1)) / this.steps))];
    stage.images += images;
    stage.expected += kept.length / this.patches;
    for (const patch of kept) stage.counts[patch]++;
  }

  /** Adds a look at the gallery u32 [galleryCount, k]. */
  addLook(kept: Uint32Array): void {
    this.looks++;
    const k = kept.length / this.galleryCount;
    for (const [i, patch] of kept.entries()) this.gallery[Math.floor(i / k) * this.patches + patch]++;
  }

  report(): Frequency {
    return { stages: this.stages, gallery: this.gallery, looks: this.looks };
  }
}
