/** What the page says of classification. */
import { percent, points, short } from "../../format";
import { binomialMargin, IMAGE_DATA } from "../imageData";
import { comparedAt } from "../masks/compared";
import { MASK_PAIRS } from "../masks/pairs";
import type { TaskPage } from "../page";
import { firstGallery, galleryOf, LOOKS, patchCount } from "./gallery";

export const CLASSIFICATION_PAGE: TaskPage = {
  tagline:
    "A small vision transformer learns from a teacher that sees only part of each image. Train it on your own GPU and steer the mask while it learns.",
  charts: [{ id: "rate", title: "Accuracy", of: "smooth", format: percent, shares: true, tested: true }],
  curves: {
    ce: { label: "cross-entropy, labels", colour: "var(--student)" },
    kd: { label: "distillation, teacher", colour: "var(--kd)", dash: "6 3" },
    student: { label: "student", colour: "var(--student)" },
    teacher: { label: "masked teacher", colour: "var(--teacher)", dash: "6 3" },
    agreement: { label: "agreement", colour: "var(--agreement)", dash: "2 3" },
    top1: { label: "top-1", colour: "var(--student)" },
  },
  ...IMAGE_DATA,
  words: {
    alone: "labels",
    score: "accuracy",
    scored: (score, classes) => `Classifies ${percent(score)} of held-out images correctly (guessing: ${percent(1 / classes)})`,
    progress({ rate, score }) {
      if (score !== undefined) return `classifies ${percent(score)} of held-out images correctly`;
      return rate === undefined ? undefined : `classifies ${percent(rate)} of its batch correctly`;
    },
    size: ({ depth, width }) => `${depth} blocks of width ${width}`,
  },
  shares: ["keep"],
  sliderStep: (key, state) => (key === "keep" ? 1 / patchCount(state) : undefined),
  chance: (state) => 1 / galleryOf(state).classes.length,
  margin: binomialMargin,
  result({ value, count, margin = 0 }, state) {
    const chance = percent(1 / galleryOf(state).classes.length);
    return `The student classifies ${percent(value)} of ${short(count)} held-out images correctly (± ${points(margin)}); guessing would give ${chance}.`;
  },
  pairs: MASK_PAIRS,
  keptOf: LOOKS.keptOf,
  compared: comparedAt(LOOKS),
  lessons: { maskedkd: async () => (await import("./lesson")).lesson },
  first() {
    const { labels, classes, side, images } = firstGallery();
    const each = 3 * side ** 2;
    const pictures = labels.map((label, i) => ({ name: classes[label], side, planes: images.subarray(i * each, (i + 1) * each) }));
    return { heading: "What the teacher sees", pictures };
  },
};
