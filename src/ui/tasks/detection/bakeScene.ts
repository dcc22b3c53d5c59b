/** One of the held-out images as a picture. */
import type { BoxGallery } from "../../../tasks/detection/views";
import { bake } from "../../draw/patches";
import type { Pickable } from "../stage/Picker";

/** Image `index` of the gallery as a small canvas of one pixel per pixel. */
export function bakeScene({ images, side }: Pick<BoxGallery, "images" | "side">, index: number): HTMLCanvasElement {
  const start = 3 * side * side * index;
  return bake([side, side], (pixel, channel) => images[start + 3 * pixel + channel]);
}

/** All of them, to pick from. */
export const scenePictures = (gallery: BoxGallery): Pickable[] =>
  gallery.truths.map((_, i) => ({ picture: bakeScene(gallery, i), name: `scene ${i + 1}` }));
