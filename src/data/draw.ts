/** Random numbers and colours of one generated picture. */
import { philox4x32 } from "../engine/random";

/** A Philox counter word that no other draw uses: the lane of pictures. */
const SCENES_LANE = 0x5ce7e5;

export type Colour = [number, number, number];

/** The random numbers of one picture: sfc32 from a Philox block, because a picture takes thousands. */
export class Draw {
  private constructor(
    private a: number,
    private b: number,
    private c: number,
    private counter: number,
  ) {}

  /** The numbers of picture `index` of the kind and split that `series` stands for. */
  static picture(seed: number, series: number, index: number): Draw {
    const draw = new Draw(...philox4x32(index, series, 0, SCENES_LANE, seed, 0));
    for (let i = 0; i < 8; i++) draw.unit();
    return draw;
  }

  /** In [0, 1). */
  unit(): number {
    return (this.word() >>> 0) * 2 ** -32;
  }

  /** Sum of two uniforms in [-0.5, 0.5) from the halves of one word: a triangle between -1 and 1. */
  triangle(): number {
    const word = this.word();
    return ((word & 0xffff) + (word >>> 16)) * 2 ** -16 - 1;
  }

  private word(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t;
  }

  /** In [low, high). */
  range = (low: number, high: number): number => low + (high - low) * this.unit();

  /** One of 0 to n - 1. */
  below(n: number): number {
    return Math.floor(n * this.unit());
  }

  sign(): number {
    return this.unit() < 0.5 ? -1 : 1;
  }

  colour(low = 20, high = 235): Colour {
    return [this.range(low, high), this.range(low, high), this.range(low, high)];
  }

  /** `colour` with its channels moved alike by `lightness` and each on its own by up to `hue`. */
  near([r, g, b]: Colour, lightness: number, hue: number): Colour {
    return [r + lightness + this.range(-hue, hue), g + lightness + this.range(-hue, hue), b + lightness + this.range(-hue, hue)];
  }
}

/** RGB of a hue in turns, a saturation 0..1 and a brightness 0..255. */
export function ofHue(hue: number, saturation: number, value: number): Colour {
  const channel = (offset: number): number => {
    const turn = (((hue + offset) % 1) + 1) % 1;
    const ramp = Math.min(1, Math.max(0, Math.abs(turn * 6 - 3) - 1));
    return value * (1 - saturation * (1 - ramp));
  };
  return [channel(0), channel(2 / 3), channel(1 / 3)];
}
