/** Detection's pictures, as its monitor shows them; the first held-out images are painted here, when they are first shown. */
import { DETECTION_CLASSES, detectionScene } from "../../../data/scenes.detection";
import type { MethodInfo } from "../../../methods/method";
import { methodOf, taskOf } from "../../../tasks";
import type { BoxGallery, BoxSnapshot, DetectionViews, FeatureMaps } from "../../../tasks/detection/views";
import { DATA_SEED } from "../../../worker/readerProtocol";
import type { Moment } from "../../state/history";
import type { State } from "../../state/store";
import { momentsOf, shownView, viewOf } from "../../state/views";

export const TASK = "detection";
const GALLERY = 6;
const SIDE = 128;

function firstGallery(): BoxGallery {
  const scenes = Array.from({ length: GALLERY }, (_, i) => detectionScene(DATA_SEED, "test", i, SIDE));
  const images = new Uint8Array(GALLERY * 3 * SIDE ** 2);
  for (const [i, { image }] of scenes.entries()) images.set(image, i * image.length);
  return { side: SIDE, images, truths: scenes.map(({ truths }) => truths), classes: DETECTION_CLASSES };
}

let first: BoxGallery | undefined;

export function galleryOf(state: State): BoxGallery {
  const sent = viewOf<DetectionViews, "gallery">(state, TASK, "gallery");
  if (sent) return sent;
  first ??= firstGallery();
  return first;
}

/** What student and teacher found at the step shown, the feature maps of that step, and all steps of which there are pictures. */
export const snapshotOf = (state: State): BoxSnapshot | undefined => shownView<DetectionViews, "snapshot">(state, TASK, "snapshot");
export const mapsOf = (state: State): FeatureMaps | undefined => shownView<DetectionViews, "maps">(state, TASK, "maps");
export const mapMomentsOf = (state: State): readonly Moment[] => momentsOf(state, TASK, "maps");
export const snapshotsOf = (state: State): readonly Moment[] => momentsOf(state, TASK, "snapshot");

export const erasureOf = (state: State) => viewOf<DetectionViews, "erasure">(state, TASK, "erasure");

/** The method that made the pictures: that of the run, or the chosen one while no detector is trained. */
export function shownMethod({ active, wanted }: State): MethodInfo {
  return methodOf(active && taskOf(active.preset).name === TASK ? active.preset : wanted.preset);
}
