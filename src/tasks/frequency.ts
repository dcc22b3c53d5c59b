/**
 * Counts how often each patch is kept, by stage of the run: per position over the training images, and for each watched
 * image over evenly spread moments. Frequencies sum to k, whatever chose. The counts belong to the run and are saved with it.
 */
import type { Grid } from "../models/model";
import type { Weights } from "../models/weights";

/** How often patches were kept of some images. */
export interface Tally {
  /** Images that were shown, each as often as it was; and patches kept of them in all. */
  images: number;
  kept: number;
  counts: Float64Array;
}

/** Part of a run, up to a share of its planned length. */
export interface Stage {
  name: "start" | "early" | "late";
  until: number;
  /** Over the training images: counts [N]. */
  positions: Tally;
  /** Over evenly spread snapshots of the watched held-out images, the gallery first: counts [watched, N]. */
  watched: Tally;
}

/** How often each patch was kept, by stage of the run. */
export interface Frequency {
  stages: Stage[];
}

/** Stages by the share of the planned run at which they end. */
const STAGES = [
  ["start", 0.05],
  ["early", 0.5],
  ["late", 1],
] as const;

/** So often over a run the watched images are counted. */
const MOMENTS = 100;

/** Begins the names of what is saved. */
const PREFIX = "frequency.";
/** Single precision counts exactly up to 2^24; counts are stored in two halves. */
const HALF = 2 ** 20;

export class FrequencyCount {
  private readonly stages: Stage[];

  constructor(
    readonly patches: number,
    private readonly watched: number,
    private readonly steps: number,
  ) {
    const tally = (length: number): Tally => ({ images: 0, kept: 0, counts: new Float64Array(length) });
    this.stages = STAGES.map(([name, until]) => ({ name, until, positions: tally(patches), watched: tally(watched * patches) }));
  }

  /** Adds a step's choice u32 [images, k]. */
  add(kept: Uint32Array, step: number, images: number): void {
    const { positions } = this.stageAt(step);
    positions.images += images;
    positions.kept += kept.length;
    for (const patch of kept) positions.counts[patch]++;
  }

  /** Whether the watched images are to be counted after this step. */
  due(step: number): boolean {
    return step % Math.ceil(this.steps / MOMENTS) === 0;
  }

  /** Adds what was kept of the watched images u32 [watched, k] after a step. */
  addLook(kept: Uint32Array, step: number): void {
    const { watched } = this.stageAt(step);
    const k = kept.length / this.watched;
    watched.images += this.watched;
    watched.kept += kept.length;
    for (const [at, patch] of kept.entries()) watched.counts[Math.floor(at / k) * this.patches + patch]++;
  }

  report(): Frequency {
    return { stages: this.stages };
  }

  /** Writes the counts among what is saved with the run. */
  store(extras: Weights): void {
    for (const [name, { images, kept, counts }] of this.tallies()) {
      const values = Float64Array.of(images, kept, ...counts);
      extras.set(`${PREFIX}${name}.high`, { shape: [values.length], data: Float32Array.from(values, (v) => Math.floor(v / HALF)) });
      extras.set(`${PREFIX}${name}.low`, { shape: [values.length], data: Float32Array.from(values, (v) => v % HALF) });
    }
  }

  /** Continues with the counts of a saved run; where they are absent, or for other pictures, it begins at nothing. */
  recall(extras: Weights): void {
    for (const [name, tally] of this.tallies()) {
      const [high, low] = ["high", "low"].map((half) => extras.get(`${PREFIX}${name}.${half}`)?.data);
      if (high?.length !== tally.counts.length + 2 || low?.length !== high.length) continue;
      const [images, kept, ...counts] = Array.from(high, (value, i) => value * HALF + low[i]);
      Object.assign(tally, { images, kept });
      tally.counts.set(counts);
    }
  }

  private stageAt(step: number): Stage {
    return this.stages.find(({ until }) => step <= until * this.steps) ?? this.stages[this.stages.length - 1];
  }

  private tallies(): [name: string, Tally][] {
    return this.stages.flatMap(({ name, positions, watched }): [string, Tally][] => [
      [`${name}.positions`, positions],
      [`${name}.watched`, watched],
    ]);
  }
}

/**
 * Share of each image's object, u8 0 or 1 [images, height, width], in each patch of a grid [images, N]; patches may break pixels, and
 * those that overlap are taken for tiles.
 */
export function objectShares(objects: Uint8Array[], [height, width]: readonly [number, number], [rows, columns]: Grid): Float64Array {
  const shares = new Float64Array(objects.length * rows * columns);
  for (const [image, pixels] of objects.entries()) {
    const sum = pixels.reduce((a, b) => a + b, 0);
    for (const [at, inside] of pixels.entries()) {
      const column = Math.floor((((at % width) + 0.5) * columns) / width);
      const row = Math.floor(((Math.floor(at / width) + 0.5) * rows) / height);
      if (inside) shares[(image * rows + row) * columns + column] += 1 / sum;
    }
  }
  return shares;
}
