/** Classification's pictures, as its monitor shows them; the first held-out images are painted here, before there is a worker. */
import { SCENE_CLASSES, scene } from "../../../data/scenes";
import type { Gallery } from "../../../tasks/classification/views";
import { DATA_SEED } from "../../../worker/readerProtocol";
import { looksAt } from "../masks/looks";

const GALLERY = 8;
const SIDE = 32;
const PATCHES = 8;

/** The images that the worker sends first, as they are cut for the teacher that comes with the page. */
export function firstGallery(): Gallery {
  const each = 3 * SIDE * SIDE;
  const images = new Uint8Array(GALLERY * each);
  const labels = Array.from({ length: GALLERY }, (_, i) => {
    const { image, label } = scene(DATA_SEED, "test", i, SIDE);
    images.set(image, i * each);
    return label;
  });
  return { side: SIDE, channels: 3, grid: [PATCHES, PATCHES], images, labels, classes: SCENE_CLASSES };
}

export const LOOKS = looksAt("classification", firstGallery);
export const { galleryOf, patchCount, frequencyOf } = LOOKS;
