/** The pictures of masked image modelling, as its monitor shows them; the first held-out images are painted here, before there is a worker. */
import type { CropGallery } from "../../../tasks/dino/views";
import type { MimViews } from "../../../tasks/mim/views";
import { cellsOf } from "../../draw/grid";
import type { State } from "../../state/store";
import { momentsOf, shownView, viewOf } from "../../state/views";
import { firstGallery } from "../classification/gallery";

const TASK = "mim";

let first: CropGallery | undefined;

export function galleryOf(state: State): CropGallery {
  first ??= firstGallery();
  return viewOf<MimViews, "gallery">(state, TASK, "gallery") ?? first;
}

export const patchCount = (state: State): number => cellsOf(galleryOf(state).grid);

/** What was told at the step shown; the steps at which it can be. */
export const snapshotOf = (state: State) => shownView<MimViews, "snapshot">(state, TASK, "snapshot");
export const snapshotsOf = (state: State) => momentsOf(state, TASK, "snapshot");
