/** What the page says of self-distillation. */

import type { CropSnapshot } from "../../../tasks/dino/views";
import { percent, points, short } from "../../format";
import { maskMaps, timesMap } from "../compared";
import { binomialMargin, IMAGE_DATA } from "../imageData";
import { MASK_PAIRS } from "../masks/pairs";
import type { TaskPage } from "../page";
import { galleryOf, patchCount } from "./gallery";

export const DINO_PAGE: TaskPage = {
  tagline:
    "A vision transformer learns without labels: its answers on crops of an image follow those of its own running mean, which sees only part of each crop.",
  charts: [
    { id: "score", title: "Top-1 of frozen features, held out", of: "scores", format: percent, tested: true },
    { id: "spread", title: "How the teacher's answers spread", of: "smooth", format: percent },
  ],
  curves: {
    dino: { label: "student against teacher", colour: "var(--student)" },
    entropy: { label: "least it can be: the teacher's entropy", colour: "var(--teacher)", dash: "6 3" },
    knn_top1: { label: "nearest neighbours", colour: "var(--student)" },
    linear_top1: { label: "linear classifier", colour: "var(--agreement)", dash: "6 3" },
    spread: { label: "one answer", colour: "var(--teacher)" },
    use: { label: "mean of a batch", colour: "var(--agreement)", dash: "6 3" },
  },
  ...IMAGE_DATA,
  words: {
    alone:
      "The run makes its own: the running mean of the student. It is shown the patches that the student attends to, learns by no gradient, and is what can be downloaded in the end.",
    score: "k-NN top-1",
    scored: (score) => `Nearest neighbours classify ${percent(score)} of held-out images correctly`,
    progress: () => undefined,
    size: ({ depth, width }) => `${depth} blocks of width ${width}`,
  },
  shares: ["keep"],
  sliderStep: (key, state) => (key === "keep" ? 1 / patchCount(state) : undefined),
  chance: (state) => 1 / galleryOf(state).classes.length,
  margin: binomialMargin,
  result({ value, count, margin = 0 }, state) {
    const { linear_top1: linear } = state.history.evaluations[state.history.evaluations.length - 1].scores;
    const chance = percent(1 / galleryOf(state).classes.length);
    const also = linear === undefined ? "" : `, a linear classifier on its features ${percent(linear)}`;
    return `By the features of a teacher that never saw a label, nearest neighbours classify ${percent(value)} of ${short(count)} held-out images correctly (± ${points(margin)})${also}; guessing would give ${chance}.`;
  },
  pairs: MASK_PAIRS,
  compared: {
    view: "snapshot",
    look(value, state) {
      const { student, kept } = value as CropSnapshot;
      const { grid, labels } = galleryOf(state);
      return { maps: [timesMap("Student's attention", student, grid), ...maskMaps({ kept, teacher: true }, labels.length, grid)] };
    },
  },
};
