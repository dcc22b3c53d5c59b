/** Pictures that do not fill their square: the area around the picture must carry no information. */
import type { Moments } from "./dataset";
import type { Rectangle } from "./square";

export interface Surrounded {
  /** u8 RGB [side, side, 3]. */
  pixels: Uint8Array;
  /** Where on the square the picture lies. */
  at: Rectangle;
}

/** Mean and standard deviation over what is picture, not over what is around it. */
export function momentsOf(pictures: Surrounded[], side: number): Moments {
  const sum = [0, 0, 0];
  const squares = [0, 0, 0];
  let n = 0;
  for (const { pixels, at } of pictures) {
    n += at.width * at.height;
    for (let y = at.top; y < at.top + at.height; y++) {
      for (let i = 3 * (y * side + at.left); i < 3 * (y * side + at.left + at.width); i++) {
        const v = pixels[i] / 255;
        sum[i % 3] += v;
        squares[i % 3] += v * v;
      }
    }
  }
  const mean = sum.map((s) => s / n);
  return { mean, std: squares.map((s, c) => Math.sqrt(Math.max(1e-6, s / n - mean[c] ** 2))) };
}

/** Fills what is around a picture with the mean colour, which is 0 once normalised. */
export function surround({ pixels, at }: Surrounded, side: number, { mean }: Moments): void {
  for (let i = 0; i < pixels.length; i++) {
    const x = Math.floor(i / 3) % side;
    const y = Math.floor(i / 3 / side);
    const inside = x >= at.left && x < at.left + at.width && y >= at.top && y < at.top + at.height;
    if (!inside) pixels[i] = Math.round(255 * mean[i % 3]);
  }
}
