/**
 * Counts how often a method erases each position and each channel, and adds up how far what it regenerates there is off: over
 * evenly spread looks at the watched images. The sums belong to the run and are saved with it.
 */
import type { Weights } from "../../models/weights";
import type { BoxLook, Erasure } from "../../worker/protocol";

/** Views that are masks: 0 where the method erases. */
const MASK = /^(mask|channelMask|visible)(\.|$)/;
/** Views that are errors of regeneration. */
const ERROR = /^error\./;
/** Begin the names of what is saved: sums, and over how many looks each was taken. */
const SUM = "erasure.sum.";
const LOOKS = "erasure.looks.";

/** Not every setting has every map: each counts its own looks. */
interface Counter {
  shape: readonly number[];
  sum: Float64Array;
  looks: number;
}

export class ErasureCount {
  private readonly counters = new Map<string, Counter>();

  /** Adds a look's maps [images, ..], averaged over the images. A map of another shape, by other settings, begins anew. */
  add(maps: BoxLook["maps"]): void {
    for (const [name, { shape, data }] of Object.entries(maps)) {
      const erased = MASK.test(name);
      if (!erased && !ERROR.test(name)) continue;
      const [images, ...rest] = shape;
      const counter = this.counterOf(name, rest);
      const { sum } = counter;
      counter.looks++;
      for (const [i, value] of data.entries()) sum[i % sum.length] += (erased ? 1 - value : value) / images;
    }
  }

  report(): Erasure {
    const shares = [...this.counters].map(([name, { shape, sum, looks }]) => [name, { shape, data: sum.map((v) => v / looks) }]);
    return { looks: Math.max(0, ...[...this.counters.values()].map(({ looks }) => looks)), shares: Object.fromEntries(shares) };
  }

  store(extras: Weights): void {
    for (const [name, { shape, sum, looks }] of this.counters) {
      extras.set(SUM + name, { shape: [...shape], data: Float32Array.from(sum) });
      extras.set(LOOKS + name, { shape: [1], data: Float32Array.of(looks) });
    }
  }

  recall(extras: Weights): void {
    for (const [key, { shape, data }] of extras) {
      const name = key.slice(SUM.length);
      const looks = extras.get(LOOKS + name)?.data[0];
      if (key.startsWith(SUM) && looks) this.counters.set(name, { shape, sum: Float64Array.from(data), looks });
    }
  }

  private counterOf(name: string, shape: readonly number[]): Counter {
    const known = this.counters.get(name);
    if (known && String(known.shape) === String(shape)) return known;
    const fresh = { shape, sum: new Float64Array(shape.reduce((a, b) => a * b, 1)), looks: 0 };
    this.counters.set(name, fresh);
    return fresh;
  }
}
