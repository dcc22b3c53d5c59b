/** Where detection's data come from: Scenes-Detection, or a visitor's own pictures with boxes. */
import { type DetectionSet, type DetectionSplit, type PackedSet, packedSet, unpackedSet } from "../../data/detection";
import { DETECTION_SCENES } from "../../data/generated.id";
import { openDetection } from "../../data/open.detection";
import { detectionScenes } from "../../data/scenes.detection";
import { countsOf } from "../counts";
import type { TaskData } from "../definition";

export const data: TaskData<DetectionSet> = {
  generated: detectionScenes,
  optionsOf: DETECTION_SCENES.optionsOf,
  async open(files, { decoders, ...options }) {
    const { notes, ...dataset } = await openDetection(files, { ...options, decode: decoders.whole });
    return { packed: packedSet(dataset), notes };
  },
  pack: packedSet,
  unpack: (packed) => unpackedSet(packed as PackedSet),
  channels: () => 3,
  contents({ classes, train, test }) {
    const boxes = (split: DetectionSplit) => Array.from({ length: split.count }, (_, i) => split.truths(i)).flat();
    const [learned, held] = [boxes(train), boxes(test)];
    const counts = (some: typeof learned) =>
      countsOf(
        classes,
        some.map(({ category }) => category),
      );
    return { kind: "detection", boxes: learned.length + held.length, counts: { train: counts(learned), test: counts(held) } };
  },
};
