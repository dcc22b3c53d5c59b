/** Held-out images that are looked at again and again while a run goes on. */
import type { Dataset } from "../../data/dataset";
import { objectShares } from "../frequency";
import { Pace } from "../pace";
import type { Monitor, Watched } from "../task";
import type { Outputs } from "./snapshot";
import type { SelfDistillation } from "./task";
import type { CropSnapshot, DinoViews } from "./views";

const SHOWN = 8;
/** Snapshots that a page keeps over a run: they hold pixels. */
const KEPT = 60;

export class DinoMonitor implements Monitor {
  private readonly images: number[];
  private readonly pace = new Pace();

  constructor(private readonly watched: Watched<Dataset, SelfDistillation>) {
    this.images = Array.from({ length: Math.min(SHOWN, watched.dataset.test.count) }, (_, i) => i);
  }

  async introduce(): Promise<void> {
    await this.snapshot();
  }

  /** After a change of the mask there is nothing to begin anew: the next snapshot shows it. */
  async follow(): Promise<void> {}

  /** Crops differ from step to step, so which of their patches are kept says nothing of places. */
  async count(): Promise<void> {}

  async refresh(): Promise<void> {
    if (this.pace.due) await this.snapshot();
  }

  async snapshot(): Promise<void> {
    const outputs = await this.pace.taking(() => this.watched.task.snapshot(this.images));
    this.show("snapshot", this.shown(outputs), KEPT);
  }

  /** Nothing is counted. */
  store(): void {}

  gallery(): void {
    const { test, side, channels, classes } = this.watched.dataset;
    const images = new Uint8Array(this.images.length * channels * side ** 2);
    for (const [at, i] of this.images.entries()) images.set(test.image(i), at * channels * side ** 2);
    const [rows, columns] = this.watched.task.grid;
    const { object } = test;
    const objects = object && objectShares(this.images.map(object), [side, side], [rows, columns]);
    this.show("gallery", { side, channels, grid: [rows, columns], classes, images, labels: this.images.map(test.label), objects });
  }

  private show<N extends keyof DinoViews>(name: N, value: DinoViews[N], keep?: number): void {
    this.watched.show({ name, value, step: this.watched.step(), keep });
  }

  private shown({ student, teacher, kept, keptOfCrops, global, local }: Outputs): CropSnapshot {
    const { dataset, settings, step } = this.watched;
    const localSide = Number(settings.localSide);
    const pixels = { global: pixelsOf(global, dataset, dataset.side), ...(local && { local: pixelsOf(local, dataset, localSide) }) };
    return { step: step(), student, teacher, kept, keptOfCrops, ...pixels, localSide };
  }
}

/** Normalised images [n, C, side, side] as bytes. */
function pixelsOf(images: Float32Array, { channels, moments }: Dataset, side: number): Uint8Array {
  return Uint8Array.from(images, (v, i) => {
    const c = Math.floor(i / side ** 2) % channels;
    return Math.min(255, Math.max(0, Math.round(255 * (v * moments.std[c] + moments.mean[c]))));
  });
}
