/** The pictures of detection by transformer, as its monitor shows them; the first held-out images are painted here, when they are first shown. */
import { DETECTION_CLASSES, detectionScene } from "../../../data/scenes.detection";
import type { PatchedGallery, PatchedSnapshot, YolosViews } from "../../../tasks/yolos/views";
import { DATA_SEED } from "../../../worker/readerProtocol";
import type { Moment } from "../../state/history";
import type { State } from "../../state/store";
import { momentsOf, shownView, viewOf } from "../../state/views";
import { GRID, TASK } from "./patches";

const GALLERY = 6;
const SIDE = 64;

let first: PatchedGallery | undefined;

function firstGallery(): PatchedGallery {
  const scenes = Array.from({ length: GALLERY }, (_, i) => detectionScene(DATA_SEED, "test", i, SIDE));
  const images = new Uint8Array(GALLERY * 3 * SIDE ** 2);
  for (const [i, { image }] of scenes.entries()) images.set(image, i * image.length);
  return { side: SIDE, grid: GRID, images, truths: scenes.map(({ truths }) => truths), classes: DETECTION_CLASSES };
}

export function galleryOf(state: State): PatchedGallery {
  const sent = viewOf<YolosViews, "gallery">(state, TASK, "gallery");
  if (sent) return sent;
  first ??= firstGallery();
  return first;
}

export const frequencyOf = (state: State) => viewOf<YolosViews, "frequency">(state, TASK, "frequency");
export const snapshotOf = (state: State): PatchedSnapshot | undefined => shownView<YolosViews, "snapshot">(state, TASK, "snapshot");
export const snapshotsOf = (state: State): readonly Moment[] => momentsOf(state, TASK, "snapshot");
