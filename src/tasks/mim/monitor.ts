/** Held-out images of which the same patches are hidden again and again while a run goes on. */
import type { Dataset } from "../../data/dataset";
import { Pace } from "../pace";
import type { Monitor, Watched } from "../task";
import type { MaskedModelling } from "./task";
import { type Patched, toldImages } from "./told";
import type { MimViews } from "./views";

const SHOWN = 8;
/** Snapshots that a page keeps over a run: they hold pixels. */
const KEPT = 60;

export class MimMonitor implements Monitor {
  private readonly images: number[];
  private readonly pace = new Pace();

  constructor(private readonly watched: Watched<Dataset, MaskedModelling>) {
    this.images = Array.from({ length: Math.min(SHOWN, watched.dataset.test.count) }, (_, i) => i);
  }

  async introduce(): Promise<void> {
    await this.snapshot();
  }

  /** Another share is hidden from the next snapshot on. */
  async follow(): Promise<void> {
    await this.snapshot();
  }

  /** Which patches are hidden is drawn at random: there is nothing to count. */
  async count(): Promise<void> {}

  async refresh(): Promise<void> {
    if (this.pace.due) await this.snapshot();
  }

  async snapshot(): Promise<void> {
    const { task } = this.watched;
    const { told, kept, loss, errors } = await this.pace.taking(() => task.snapshot(this.images));
    const { normalised, moments } = task.telling;
    const images = toldImages({ ...this.patched(), moments }, { told, kept, normalised });
    const perPatch = errors && withoutClass(errors, this.images.length);
    this.show("snapshot", { step: this.watched.step(), kept, told: images, loss, ...(perPatch && { errors: perPatch }) }, KEPT);
  }

  /** Nothing is counted. */
  store(): void {}

  gallery(): void {
    const { test, side, channels, classes } = this.watched.dataset;
    const [rows, columns] = this.watched.task.grid;
    const { images } = this.patched();
    this.show("gallery", { side, channels, grid: [rows, columns], classes, images, labels: this.images.map(test.label) });
  }

  private patched(): Patched {
    const { test, side, channels, moments } = this.watched.dataset;
    const images = new Uint8Array(this.images.length * channels * side ** 2);
    for (const [at, i] of this.images.entries()) images.set(test.image(i), at * channels * side ** 2);
    const { cut, pixels } = this.watched.task.network;
    return { images, side, channels, moments, patch: cut.patch, pixels };
  }

  private show<N extends keyof MimViews>(name: N, value: MimViews[N], keep?: number): void {
    this.watched.show({ name, value, step: this.watched.step(), keep });
  }
}

/** Values of tokens, the class token's first in each image, without it. */
function withoutClass(values: Float32Array, images: number): Float32Array {
  const each = values.length / images;
  return values.filter((_, i) => i % each > 0);
}
