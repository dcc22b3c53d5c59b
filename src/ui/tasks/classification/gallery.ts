/** Classification's pictures, as its monitor shows them; the first held-out images are painted here, before there is a worker. */
import { SCENE_CLASSES, scene } from "../../../data/scenes";
import type { ClassificationViews, Gallery, Snapshot } from "../../../tasks/classification/views";
import { DATA_SEED } from "../../../worker/readerProtocol";
import { cellsOf } from "../../draw/grid";
import type { Moment } from "../../state/history";
import type { State } from "../../state/store";
import { momentsOf, shownView, viewOf } from "../../state/views";

const TASK = "classification";
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

let first: Gallery | undefined;

export function galleryOf(state: State): Gallery {
  first ??= firstGallery();
  return viewOf<ClassificationViews, "gallery">(state, TASK, "gallery") ?? first;
}

/** Patches of an image. */
export const patchCount = (state: State): number => cellsOf(galleryOf(state).grid);

export const frequencyOf = (state: State) => viewOf<ClassificationViews, "frequency">(state, TASK, "frequency");
export const untrainedOf = (state: State) => viewOf<ClassificationViews, "untrained">(state, TASK, "untrained");

/** Predictions of student and teacher at the step shown, and all steps of which there are pictures. */
export const snapshotOf = (state: State): Snapshot | undefined => shownView<ClassificationViews, "snapshot">(state, TASK, "snapshot");
export const snapshotsOf = (state: State): readonly Moment[] => momentsOf(state, TASK, "snapshot");
