/**
 * Masks as people keep them to numbers: of classes, or colours that stand for classes. A mask follows its picture into the square,
 * each pixel that of the nearest, and what lies around it is no class.
 */
import { DataError } from "./dataset";
import { PALETTE, type Png, readPng } from "./png";
import { MAX_MASK_CLASSES, type Rgb } from "./segmentation";
import type { Rectangle } from "./square";

/** A mask before anything is known of its classes. */
export interface RawMask {
  width: number;
  height: number;
  /** Whether values are numbers, or colours as 0xrrggbb. */
  coloured: boolean;
  /** [height, width]. */
  values: ArrayLike<number>;
  /** The colour to show a number in, in paletted files. */
  colourOf?: (value: number) => Rgb | undefined;
}

/** Reads a mask: palette indices and greys are numbers, anything else is colours. Throws a DataError naming a file that is none. */
export function readMask(bytes: Uint8Array, path: string): RawMask {
  const png = readPng(bytes, path);
  const { width, height, samples, channels, palette } = png;
  const coloured = channels > 2;
  const values = coloured ? coloursOf(png) : channels === 1 ? samples : samples.filter((_, i) => i % 2 === 0);
  const colourOf = (value: number) => {
    const entry = palette?.subarray(3 * value, 3 * value + 3);
    return entry?.length === 3 ? ([...entry] as Rgb) : undefined;
  };
  return { width, height, coloured, values, ...(png.colour === PALETTE && { colourOf }) };
}

/** Of 16 bits per channel the high 8. */
function coloursOf({ width, height, channels, depth, samples }: Png): Uint32Array {
  const byte = (at: number) => (depth === 16 ? samples[at] >> 8 : samples[at]);
  return Uint32Array.from({ length: width * height }, (_, i) => {
    const at = i * channels;
    return (byte(at) << 16) | (byte(at + 1) << 8) | byte(at + 2);
  });
}

export const rgbOf = (value: number): Rgb => [value >> 16, (value >> 8) & 255, value & 255];

/** Stands for what is around a picture, in fitted masks. */
export const AROUND = 0xffff;
/** 255 classes, and what counts for none. */
const MOST_VALUES = MAX_MASK_CLASSES + 1;

/** The values that all masks of a data set hold, each with a short number of its own: its place. */
export class MaskValues {
  /** By place. */
  readonly values: number[] = [];
  /** The file that holds a value first, by place. */
  readonly files: string[] = [];
  /** Colours that paletted files show numbers in. */
  readonly shown = new Map<number, Rgb>();
  /** Whether values are colours; undefined before the first mask. */
  coloured?: boolean;
  private readonly places = new Map<number, number>();

  /** A mask at `at` of a square, as places [side, side]; `AROUND` elsewhere. Throws a DataError for too many values, or other ones. */
  fitted(mask: RawMask, at: Rectangle, side: number, path: string): Uint16Array {
    this.requireKind(mask, path);
    const out = new Uint16Array(side * side).fill(AROUND);
    for (let y = 0; y < at.height; y++) {
      const line = nearest(y, at.height, mask.height) * mask.width;
      for (let x = 0; x < at.width; x++) {
        const value = mask.values[line + nearest(x, at.width, mask.width)];
        out[(at.top + y) * side + at.left + x] = this.place(value, mask, path);
      }
    }
    return out;
  }

  private place(value: number, { colourOf }: RawMask, path: string): number {
    const known = this.places.get(value);
    if (known !== undefined) return known;
    const place = this.values.push(value) - 1;
    if (place >= MOST_VALUES) throw this.tooMany(path);
    this.places.set(value, place);
    this.files.push(path);
    const colour = colourOf?.(value);
    if (colour) this.shown.set(value, colour);
    return place;
  }

  private requireKind({ coloured }: RawMask, path: string): void {
    this.coloured ??= coloured;
    if (coloured === this.coloured) return;
    const [one, other] = coloured ? ["colours", "numbers"] : ["numbers", "colours"];
    throw new DataError(`${path} holds ${one}, but masks before it hold ${other}.`, "Save all masks alike.");
  }

  private tooMany(path: string): DataError {
    const what = this.coloured ? "colours" : "numbers";
    const remedy = this.coloured
      ? "Save masks without smoothing and never as JPEG: one colour for each class."
      : "Choose masks of classes: those of single objects number every object.";
    return new DataError(
      `${path} brings the masks to more than ${MOST_VALUES} ${what}; ${MAX_MASK_CLASSES} classes are the limit.`,
      remedy,
    );
  }
}

/** The pixel of `from` whose middle is nearest to that of pixel i of `to`. */
function nearest(i: number, to: number, from: number): number {
  return Math.min(from - 1, Math.floor(((i + 0.5) * from) / to));
}
