/** Held-out sounds that a student is tried on again and again while it learns. */
import type { Pictures } from "../../data/dataset";
import { type SoundSet, type SoundSplit, spectrogram } from "../../data/sounds";
import { ClassificationMonitor } from "../classification/monitor";
import type { Classification } from "../classification/task";
import type { Guest, Watched } from "../task";
import { spectrograms } from "./spectrograms";

/** Standard deviations of a spectrogram's values, as AST counts them twice over, that are drawn from black to white. */
const SHOWN_RANGE = 2;

export class AudioMonitor extends ClassificationMonitor {
  private sounds: SoundSplit;
  private since?: number;
  private pictures: Pictures["train"];

  constructor({ dataset, ...watched }: Watched<SoundSet, Classification>) {
    super({ ...watched, dataset: spectrograms(dataset, Number(watched.settings.frames)) });
    this.sounds = dataset.test;
    this.pictures = this.watched.dataset.test;
  }

  protected override get split(): Pictures["train"] {
    return this.pictures;
  }

  /** A sound of a person's own takes the place of the first. */
  guest(wave: Guest): void {
    if (!(wave instanceof Int16Array)) return;
    const { side, columns = side, test } = this.watched.dataset;
    const { sounds } = this;
    const first =
      <T>(own: T, others: (i: number) => T) =>
      (i: number) =>
        i === 0 ? own : others(i);
    this.sounds = { ...sounds, wave: first(wave, sounds.wave) };
    // Where its event is nobody knows, so objects are not counted any more.
    this.since = this.watched.step();
    this.pictures = { count: test.count, label: first(-1, test.label), image: first(spectrogram(wave, side, columns), test.image) };
    this.gallery();
  }

  /** Shows spectrograms, and gives their sounds along. */
  override gallery(): void {
    const { side, columns = side, moments, classes } = this.watched.dataset;
    const { shown, split } = this;
    const area = side * columns;
    const images = new Uint8Array(shown.length * area);
    for (const [at, i] of shown.entries()) images.set(drawn(split.image(i), moments.mean[0], moments.std[0]), at * area);
    const waves = shown.map((i) => this.sounds.wave(i).slice());
    const [rows, patchColumns] = this.grid;
    this.show("gallery", {
      ...{
        side,
        columns,
        channels: 1,
        grid: [rows, patchColumns],
        classes,
        images,
        labels: shown.map(split.label),
        objects: this.objects(),
        since: this.since,
      },
      waves,
    });
  }
}

/** Logarithms as bytes. */
function drawn(values: ArrayLike<number>, mean: number, std: number): Uint8Array {
  return Uint8Array.from(values, (v) => Math.min(255, Math.max(0, Math.round(128 + (255 * (v - mean)) / (SHOWN_RANGE * std)))));
}
