/** Self-distillation's pictures, as its monitor shows them; the first held-out images are painted here, before there is a worker. */
import type { CropGallery, DinoViews } from "../../../tasks/dino/views";
import { cellsOf } from "../../draw/grid";
import type { State } from "../../state/store";
import { momentsOf, shownView, viewOf } from "../../state/views";
import { firstGallery } from "../classification/gallery";

const TASK = "dino";

let first: CropGallery | undefined;

export function galleryOf(state: State): CropGallery {
  first ??= firstGallery();
  return viewOf<DinoViews, "gallery">(state, TASK, "gallery") ?? first;
}

/** Patches of a global crop. */
export const patchCount = (state: State): number => cellsOf(galleryOf(state).grid);

/** What was seen at the step shown; the steps at which it can be. */
export const snapshotOf = (state: State) => shownView<DinoViews, "snapshot">(state, TASK, "snapshot");
export const snapshotsOf = (state: State) => momentsOf(state, TASK, "snapshot");
