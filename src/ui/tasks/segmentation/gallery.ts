/** Segmentation's pictures, as its monitor shows them; the first held-out images are painted here, before there is a worker. */
import { SEGMENTATION_CLASSES, segmentationScene } from "../../../data/scenes.segmentation";
import { vocPalette } from "../../../data/segmentation";
import type { MaskGallery, SegmentationViews } from "../../../tasks/segmentation/views";
import { DATA_SEED } from "../../../worker/readerProtocol";
import type { State } from "../../state/store";
import { momentsOf, shownView, viewOf } from "../../state/views";
import { GRID, TASK } from "./patches";

const SHOWN = 6;
const SIDE = 64;

let first: MaskGallery | undefined;

/** The images that the worker sends first, as they are cut for the teacher that comes with the page. */
function firstGallery(): MaskGallery {
  const area = SIDE * SIDE;
  const images = new Uint8Array(3 * SHOWN * area);
  const truths = new Uint8Array(SHOWN * area);
  for (let i = 0; i < SHOWN; i++) {
    const { image, labels } = segmentationScene(DATA_SEED, "test", i, SIDE);
    images.set(image, 3 * i * area);
    truths.set(labels, i * area);
  }
  const classes = SEGMENTATION_CLASSES;
  return { side: SIDE, grid: GRID, images, truths, classes, palette: vocPalette(classes.length) };
}

export function galleryOf(state: State): MaskGallery {
  first ??= firstGallery();
  return viewOf<SegmentationViews, "gallery">(state, TASK, "gallery") ?? first;
}

export const frequencyOf = (state: State) => viewOf<SegmentationViews, "frequency">(state, TASK, "frequency");
export const classScoresOf = (state: State) => viewOf<SegmentationViews, "classes">(state, TASK, "classes");

/** Predictions of student and teacher at the step shown; the steps at which it can be seen. */
export const snapshotOf = (state: State) => shownView<SegmentationViews, "snapshot">(state, TASK, "snapshot");
export const snapshotsOf = (state: State) => momentsOf(state, TASK, "snapshot");
