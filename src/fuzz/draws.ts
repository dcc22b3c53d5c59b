/** Random choices that repeat: each input of the fuzzer is a function of seed, reader and iteration alone. */
import { uniform } from "../engine/random";

export class Draws {
  private index = 0;
  private readonly stream: number;

  /** `reader` keeps the draws of readers apart, so that a new one changes nothing for the others. */
  constructor(
    private readonly seed: number,
    reader: string,
    readonly iteration: number,
  ) {
    this.stream = [...reader].reduce((hash, letter) => (Math.imul(31, hash) + letter.charCodeAt(0)) >>> 0, 0);
  }

  /** A number in [0, 1). */
  share(): number {
    return uniform(this.seed, this.stream, this.iteration, this.index++);
  }

  /** A whole number from 0 to `count` - 1, `count` up to 2^24. */
  below(count: number): number {
    return Math.floor(this.share() * count);
  }

  /** A whole number up to `most`, small ones as often as large ones: 1 to 2, 2 to 4, 4 to 8, ... */
  magnitude(most: number): number {
    return Math.floor(2 ** (this.share() * Math.log2(most)));
  }

  chance(share: number): boolean {
    return this.share() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}
