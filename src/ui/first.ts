/** The pictures there are before there is a worker, and without WebGPU. What the worker sends later is the same. */
import { SCENE_CLASSES, scene } from "../data/scenes";
import { DETECTION_CLASSES, detectionScene } from "../data/scenes.detection";
import type { BoxGallery, Gallery } from "../worker/protocol";
import { DATA_SEED } from "../worker/readerProtocol";

const GALLERY = 8;
const SIDE = 32;
const BOX_GALLERY = 6;
const BOX_SIDE = 128;

export function firstGallery(): Gallery {
  const each = 3 * SIDE * SIDE;
  const images = new Uint8Array(GALLERY * each);
  const labels = Array.from({ length: GALLERY }, (_, i) => {
    const { image, label } = scene(DATA_SEED, "test", i, SIDE);
    images.set(image, i * each);
    return label;
  });
  return { side: SIDE, channels: 3, patch: SIDE / 8, images, labels, classes: SCENE_CLASSES };
}

let paintedBoxes: BoxGallery | undefined;

/** The same for detection, painted when somebody asks for it. */
export function firstBoxGallery(): BoxGallery {
  if (paintedBoxes) return paintedBoxes;
  const scenes = Array.from({ length: BOX_GALLERY }, (_, i) => detectionScene(DATA_SEED, "test", i, BOX_SIDE));
  const images = new Uint8Array(BOX_GALLERY * 3 * BOX_SIDE ** 2);
  for (const [i, { image }] of scenes.entries()) images.set(image, i * image.length);
  paintedBoxes = { side: BOX_SIDE, images, truths: scenes.map(({ truths }) => truths), classes: DETECTION_CLASSES };
  return paintedBoxes;
}
