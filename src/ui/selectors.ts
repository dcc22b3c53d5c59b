/** Views on the store that several panels share. */
import type { Look } from "../worker/protocol";
import { type State, shownStep } from "./store";

/** Patches along an image's edge, and in all. */
export const patchesAcross = ({ gallery }: State): number => Math.round(gallery.side / gallery.patch);
export const patchCount = (state: State): number => patchesAcross(state) ** 2;

/** Patches k that a share of them means; the worker rounds alike. */
export function keptOf(share: number, patches: number): number {
  return Math.min(patches, Math.max(1, Math.round(share * patches)));
}

/** The look to show: that of the step pointed at, else the newest. */
export function shownLook(state: State): Look | undefined {
  const step = shownStep(state);
  return step === undefined ? state.history.looks.at(-1) : state.history.lookAt(step);
}
