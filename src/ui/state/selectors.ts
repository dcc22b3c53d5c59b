/** Views on the store that several panels share. */
import type { BoxGallery, Look } from "../../worker/protocol";
import { firstBoxGallery } from "../first";
import { at, type History } from "./history";
import { type State, shownStep } from "./store";

/** Patches along an image's edge, and in all. */
export const patchesAcross = ({ gallery }: State): number => Math.round(gallery.side / gallery.patch);
export const patchCount = (state: State): number => patchesAcross(state) ** 2;

/** Patches k that a share of them means; the worker rounds alike. */
export function keptOf(share: number, patches: number): number {
  return Math.min(patches, Math.max(1, Math.round(share * patches)));
}

/** The look to show: that of the step pointed at, else the newest. */
export const shownLook = (state: State): Look | undefined => at(state.history.looks, shownStep(state));

/** The same for detection: what was found, and the feature maps. */
export const shownBoxes = (state: State): History["boxLooks"][number] | undefined => at(state.history.boxLooks, shownStep(state));
export const shownMaps = (state: State): History["maps"][number] | undefined => at(state.history.maps, shownStep(state));

/** Held-out images with objects; before there is a worker, the first of them are painted here. */
export const boxGalleryOf = ({ boxGallery }: State): BoxGallery => boxGallery ?? firstBoxGallery();
