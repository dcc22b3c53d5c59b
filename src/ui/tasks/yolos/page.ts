/** What the page says of detection by transformer: much of it is what it says of detection. */

import type { PatchedSnapshot, YolosViews } from "../../../tasks/yolos/views";
import { viewOf } from "../../state/views";
import { maskMaps } from "../compared";
import { DETECTION_PAGE } from "../detection/page";
import { MASK_PAIRS } from "../masks/pairs";
import type { TaskPage } from "../page";
import { patchCount, TASK } from "./patches";

const { charts, curves, condense, formats, generated, words, least, result } = DETECTION_PAGE;

export const YOLOS_PAGE: TaskPage = {
  ...{ condense, formats, generated, least, result },
  tagline:
    "A small YOLOS, a transformer with tokens that each find an object, learns from a larger one that sees only part of each image. Steer the mask while it learns.",
  charts: charts.filter(({ of }) => of === "scores"),
  curves: {
    ...curves,
    ce: { label: "classes", colour: "var(--student)" },
    l1: { label: "boxes, L1", colour: "var(--agreement)", dash: "8 3 2 3" },
    giou: { label: "boxes, GIoU", colour: "var(--term-5)", dash: "1 2" },
    patch: { label: "patch tokens, teacher", colour: "var(--teacher)", dash: "6 3" },
    det: { label: "detection tokens, teacher", colour: "var(--kd)", dash: "2 3" },
  },
  sides: [64, 96, 128],
  words: { ...words, size: ({ depth, width }) => `${depth} blocks of width ${width}` },
  shares: ["keep"],
  sliderStep: (key, state) => (key === "keep" ? 1 / patchCount(state) : undefined),
  pairs: MASK_PAIRS,
  compared: {
    view: "snapshot",
    look(value, state) {
      const gallery = viewOf<YolosViews, "gallery">(state, TASK, "gallery");
      return { maps: gallery ? maskMaps(value as PatchedSnapshot, gallery.images.length / (3 * gallery.side ** 2), gallery.grid) : [] };
    },
  },
};
