/**
 * Counts how often a method erases each position and each channel, and adds up how far what it regenerates there is off: over
 * evenly spread looks at the watched images. The sums belong to the run and are saved with it.
 */
import type { Weights } from "../models/weights";
import type { BoxLook, Erasure } from "./protocol";

/** Views that are masks: 0 where the method erases. */
const MASK = /^(mask|channelMask|visible)(\.|$)/;
/** Views that are errors of regeneration. */
const ERROR = /^error\./;
/** Begins the names of what is saved; below it, the number of looks. */
const PREFIX = "erasure.";
const LOOKS = `${PREFIX}looks`;

export class ErasureCount {
  private looks = 0;
  private readonly sums = new Map<string, { shape: readonly number[]; sum: Float64Array }>();

  /** Adds a look's maps [images, ..], averaged over the images. A map of another shape, by other settings, begins anew. */
  add(maps: BoxLook["maps"]): void {
    const counted = Object.entries(maps).filter(([name]) => MASK.test(name) || ERROR.test(name));
    if (counted.length) this.looks++;
    for (const [name, { shape, data }] of counted) {
      const [images, ...rest] = shape;
      const sum = this.sumOf(name, rest);
      const erased = MASK.test(name);
      for (const [i, value] of data.entries()) sum[i % sum.length] += (erased ? 1 - value : value) / images;
    }
  }

  report(): Erasure {
    const shares = [...this.sums].map(([name, { shape, sum }]) => [name, { shape, data: sum.map((v) => v / Math.max(1, this.looks)) }]);
    return { looks: this.looks, shares: Object.fromEntries(shares) };
  }

  store(extras: Weights): void {
    extras.set(LOOKS, { shape: [1], data: Float32Array.of(this.looks) });
    for (const [name, { shape, sum }] of this.sums) extras.set(PREFIX + name, { shape: [...shape], data: Float32Array.from(sum) });
  }

  recall(extras: Weights): void {
    this.looks = extras.get(LOOKS)?.data[0] ?? 0;
    for (const [name, { shape, data }] of extras)
      if (name.startsWith(PREFIX) && name !== LOOKS) this.sums.set(name.slice(PREFIX.length), { shape, sum: Float64Array.from(data) });
  }

  private sumOf(name: string, shape: readonly number[]): Float64Array {
    const known = this.sums.get(name);
    if (known && String(known.shape) === String(shape)) return known.sum;
    const sum = new Float64Array(shape.reduce((a, b) => a * b, 1));
    this.sums.set(name, { shape, sum });
    return sum;
  }
}
