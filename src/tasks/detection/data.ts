/** Where detection's data come from: Scenes-Detection, or a visitor's own pictures with boxes. */
import { type DetectionSet, type PackedSet, packedSet, unpackedSet } from "../../data/detection";
import { openDetection } from "../../data/open.detection";
import { detectionScenes, detectionScenesOfId } from "../../data/scenes.detection";
import type { TaskData } from "../task";

export const data: TaskData<DetectionSet> = {
  generated: detectionScenes,
  optionsOf: detectionScenesOfId,
  async open(files, { decoders, ...options }) {
    const { notes, ...dataset } = await openDetection(files, { ...options, decode: decoders.whole });
    return { packed: packedSet(dataset), notes };
  },
  pack: packedSet,
  unpack: (packed) => unpackedSet(packed as PackedSet),
  channels: () => 3,
};
