/** What the page says of segmentation. */
import { SEGMENTATION_SCENES } from "../../../data/generated.id";
import type { MaskSnapshot, SegmentationViews } from "../../../tasks/segmentation/views";
import { percent, short } from "../../format";
import { viewOf } from "../../state/views";
import { maskMaps } from "../compared";
import { MASK_PAIRS } from "../masks/pairs";
import type { TaskPage } from "../page";
import { patchCount, TASK } from "./patches";

export const SEGMENTATION_PAGE: TaskPage = {
  tagline:
    "A small Segmenter learns to classify every pixel from a teacher that sees only part of each image. Train it on your own GPU and steer the mask while it learns.",
  charts: [{ id: "score", title: "Mean IoU, held out", of: "scores", format: percent, tested: true }],
  curves: {
    ce: { label: "cross-entropy, pixels", colour: "var(--student)" },
    manifold: { label: "manifold, teacher", colour: "var(--teacher)", dash: "6 3" },
    kd: { label: "distillation, teacher", colour: "var(--kd)", dash: "6 3" },
    miou: { label: "mean IoU", colour: "var(--student)" },
    accuracy: { label: "pixels right", colour: "var(--agreement)", dash: "6 3" },
  },
  formats: [
    "A folder, or a zip or tar of one, with images and masks beside each other: images/ and masks/ (or labels/, annotations/), as in Pascal VOC's JPEGImages/ and SegmentationClass/.",
    "Masks are PNG: grey or with a palette, where each number is a class, or in colours, where each colour is one. 255 is no class.",
    "Each image is fitted into a square, whole, its mask with it.",
    "Folders or lists called train, test, val or the like keep their parts; otherwise 15 % of the images are held out.",
  ],
  sides: [64, 96],
  generated: SEGMENTATION_SCENES,
  words: {
    alone: "masks",
    score: "mean IoU",
    scored: (score) => `Mean IoU ${percent(score)} on held-out images`,
    progress: ({ score }) => (score === undefined ? undefined : `mean IoU ${percent(score)}`),
    size: ({ depth, width }) => `${depth} blocks of width ${width}`,
  },
  shares: ["keep"],
  sliderStep: (key, state) => (key === "keep" ? 1 / patchCount(state) : undefined),
  least: 0.05,
  result({ value, count }, { history }) {
    const { accuracy } = history.evaluations[history.evaluations.length - 1].scores;
    const pixels = accuracy === undefined ? "" : ` It classifies ${percent(accuracy)} of the pixels correctly.`;
    return `The student's masks of ${short(count)} held-out images overlap the true ones by ${percent(value)}, averaged over the classes (mean IoU).${pixels}`;
  },
  pairs: MASK_PAIRS,
  compared: {
    view: "snapshot",
    look(value, state) {
      const gallery = viewOf<SegmentationViews, "gallery">(state, TASK, "gallery");
      return { maps: gallery ? maskMaps(value as MaskSnapshot, gallery.images.length / (3 * gallery.side ** 2), gallery.grid) : [] };
    },
  },
};
