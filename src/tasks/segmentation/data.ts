/** Where segmentation's data come from: Scenes-Segmentation, or a visitor's own pictures with masks. */

import { SEGMENTATION_SCENES } from "../../data/generated.id";
import { openSegmentation } from "../../data/open.segmentation";
import { segmentationScenes } from "../../data/scenes.segmentation";
import {
  type PackedSegmentation,
  packedSegmentation,
  type SegmentationSet,
  type SegmentationSplit,
  unpackedSegmentation,
} from "../../data/segmentation";
import { countsOf } from "../counts";
import type { TaskData } from "../definition";

export const data: TaskData<SegmentationSet> = {
  generated: segmentationScenes,
  optionsOf: SEGMENTATION_SCENES.optionsOf,
  async open(files, { decoders, ...options }) {
    const { notes, ...packed } = await openSegmentation(files, { ...options, decode: decoders.whole });
    return { packed, notes };
  },
  pack: packedSegmentation,
  unpack: (packed) => unpackedSegmentation(packed as PackedSegmentation),
  channels: () => 3,
  contents({ classes, train, test }) {
    // Images in which a class is seen.
    const seen = (split: SegmentationSplit) => Array.from({ length: split.count }, (_, i) => [...new Set(split.labels(i))]).flat();
    const counts = (split: SegmentationSplit) =>
      countsOf(
        classes,
        seen(split).filter((label) => label < classes.length),
      );
    return { kind: "segmentation", counts: { train: counts(train), test: counts(test) } };
  },
};
