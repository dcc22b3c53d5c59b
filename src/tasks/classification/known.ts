/**
 * What is the same in every epoch while features are frozen and images come as they are: of each image its kept patches, the teacher's answer,
 * and what the student's heads read. Computed once, it is looked up from then on (linear probing, Son et al. 2024, appendix D).
 */
import type { Fetched } from "../../engine/readback";

/** Nothing is kept of more images than fit into so many bytes. */
const MOST_BYTES = 2 ** 30;

/** Whether so many numbers of each of so many images can be kept. */
export const canBeKnown = (images: number, numbers: number): boolean => 4 * images * numbers <= MOST_BYTES;

export class Known {
  /** By name, a row for each image. */
  private readonly tables = new Map<string, Float32Array | Uint32Array>();
  private readonly asked: Uint8Array;
  private missing: number;

  constructor(images: number) {
    this.asked = new Uint8Array(images);
    this.missing = images;
  }

  /** Whether every image was asked about: all is known once the last answers have come. */
  get complete(): boolean {
    return this.missing === 0;
  }

  /** Notes that answers about these images are on their way. */
  ask(images: ArrayLike<number>): void {
    for (let i = 0; i < images.length; i++) {
      if (!this.asked[images[i]]) this.missing--;
      this.asked[images[i]] = 1;
    }
  }

  /** Keeps what a step has found, a row for each of its images. */
  keep(images: ArrayLike<number>, found: Fetched): void {
    for (const [name, rows] of Object.entries(found)) {
      const width = rows.length / images.length;
      const Typed = rows instanceof Uint32Array ? Uint32Array : Float32Array;
      const table = this.tables.get(name) ?? new Typed(width * this.asked.length);
      for (let i = 0; i < images.length; i++) table.set(rows.subarray(i * width, (i + 1) * width), images[i] * width);
      this.tables.set(name, table);
    }
  }

  /** The rows of these images, one after the other; undefined where there is nothing of that name. */
  rows(name: string, images: ArrayLike<number>): Float32Array | Uint32Array | undefined {
    const table = this.tables.get(name);
    if (!table) return undefined;
    const width = table.length / this.asked.length;
    const rows = table.slice(0, images.length * width);
    for (let i = 0; i < images.length; i++) rows.set(table.subarray(images[i] * width, (images[i] + 1) * width), i * width);
    return rows;
  }
}
