/** Held-out sounds that a student is tried on again and again while it learns. */
import type { SoundSet } from "../../data/sounds";
import { ClassificationMonitor } from "../classification/monitor";
import type { Classification } from "../classification/task";
import type { Watched } from "../task";
import { spectrograms } from "./spectrograms";

/** Standard deviations of a spectrogram's values, as AST counts them twice over, that are drawn from black to white. */
const SHOWN_RANGE = 2;

export class AudioMonitor extends ClassificationMonitor {
  private readonly sounds: SoundSet;

  constructor({ dataset, ...watched }: Watched<SoundSet, Classification>) {
    super({ ...watched, dataset: spectrograms(dataset, Number(watched.settings.frames)) });
    this.sounds = dataset;
  }

  /** Shows spectrograms, and gives their sounds along. */
  override gallery(): void {
    const { test, side, columns = side, moments, classes } = this.watched.dataset;
    const { shown } = this;
    const area = side * columns;
    const images = new Uint8Array(shown.length * area);
    for (const [at, i] of shown.entries()) images.set(drawn(test.image(i), moments.mean[0], moments.std[0]), at * area);
    const waves = shown.map((i) => this.sounds.test.wave(i).slice());
    const [rows, patchColumns] = this.grid;
    this.show("gallery", {
      ...{
        side,
        columns,
        channels: 1,
        grid: [rows, patchColumns],
        classes,
        images,
        labels: shown.map(test.label),
        objects: this.objects(),
      },
      waves,
    });
  }
}

/** Logarithms as bytes. */
function drawn(values: ArrayLike<number>, mean: number, std: number): Uint8Array {
  return Uint8Array.from(values, (v) => Math.min(255, Math.max(0, Math.round(128 + (255 * (v - mean)) / (SHOWN_RANGE * std)))));
}
