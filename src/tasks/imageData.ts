/** Where square images of a class each come from: generated, or a person's own files. */
import { type Dataset, type PackedDataset, packed, type Split, unpacked } from "../data/dataset";
import { openFiles } from "../data/open";
import { scenes } from "../data/scenes";
import { scenesOfId, shapeScenesOfId } from "../data/scenes.id";
import { shapeScenes } from "../data/scenes.shapes";
import { countsOf } from "./counts";
import type { TaskData } from "./task";

export const data: TaskData<Dataset> = {
  generated: ({ set, ...options }) => (set === "shapes" ? shapeScenes(options) : scenes(options)),
  optionsOf(id) {
    const shapes = shapeScenesOfId(id);
    return shapes ? { set: "shapes", ...shapes } : scenesOfId(id);
  },
  async open(files, { decoders, ...options }) {
    const { notes, ...packed } = await openFiles(files, { ...options, decode: decoders.square });
    return { packed, notes };
  },
  pack: packed,
  unpack: (from) => unpacked(from as PackedDataset),
  channels: ({ channels }) => channels,
  contents({ classes, train, test }) {
    const counts = (split: Split) =>
      countsOf(
        classes,
        Array.from({ length: split.count }, (_, i) => split.label(i)),
      );
    return { kind: "images", counts: { train: counts(train), test: counts(test) } };
  },
};
