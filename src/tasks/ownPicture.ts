/** A picture of a person's own beside the held-out ones: what is on it nobody says, so it is part of nothing that is counted. */
import type { Moments } from "../data/dataset";
import { fitting } from "../data/square";
import { surround } from "../data/surround";
import type { Guest } from "./task";

export interface OwnPicture {
  /** Tells it from those before it, of all runs. */
  number: number;
  /** u8 [side, side, 3]. */
  pixels: Uint8Array;
}

let given = 0;

/** The one that a monitor shows now. */
export class OwnPlace {
  private picture?: OwnPicture;

  /** Takes another, what is around it filled as around those of the data. False where it is no picture, or for another side: not this run's. */
  take(guest: Guest, { side, moments }: { side: number; moments: Moments }): boolean {
    if (guest instanceof Int16Array || guest.pixels.length !== 3 * side ** 2) return false;
    const pixels = guest.pixels.slice();
    surround({ pixels, at: fitting(guest.width, guest.height, side) }, side, moments);
    this.picture = { number: ++given, pixels };
    return true;
  }

  /** For a gallery. */
  get shown(): { own?: OwnPicture } {
    return this.picture ? { own: this.picture } : {};
  }

  /** For a snapshot: what `find` finds on it. */
  async found<F extends object>(find: (pixels: Uint8Array) => Promise<F>): Promise<{ own?: F & { number: number } }> {
    if (!this.picture) return {};
    const { number, pixels } = this.picture;
    return { own: { ...(await find(pixels)), number } };
  }
}
