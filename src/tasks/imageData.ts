/** Where square images of a class each come from: generated, or a person's own files. */
import { type Dataset, type PackedDataset, packed, type Split, unpacked } from "../data/dataset";
import { SCENES, SHAPES } from "../data/generated.id";
import { openFiles } from "../data/open";
import { scenes } from "../data/scenes";
import { shapeScenes } from "../data/scenes.shapes";
import { countsOf } from "./counts";
import type { TaskData } from "./definition";

export const data: TaskData<Dataset> = {
  generated: ({ set, ...options }) => (set === "shapes" ? shapeScenes(options) : scenes(options)),
  optionsOf(id) {
    const shapes = SHAPES.optionsOf(id);
    return shapes ? { set: "shapes", ...shapes } : SCENES.optionsOf(id);
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
