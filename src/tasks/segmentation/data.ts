/** Where segmentation's data come from: Scenes-Segmentation, or a visitor's own pictures with masks. */
import { openSegmentation } from "../../data/open.segmentation";
import { segmentationScenes, segmentationScenesOfId } from "../../data/scenes.segmentation";
import { type PackedSegmentation, packedSegmentation, type SegmentationSet, unpackedSegmentation } from "../../data/segmentation";
import type { TaskData } from "../task";

export const data: TaskData<SegmentationSet> = {
  generated: segmentationScenes,
  optionsOf: segmentationScenesOfId,
  async open(files, { decoders, ...options }) {
    const { notes, ...packed } = await openSegmentation(files, { ...options, decode: decoders.whole });
    return { packed, notes };
  },
  pack: packedSegmentation,
  unpack: (packed) => unpackedSegmentation(packed as PackedSegmentation),
  channels: () => 3,
};
