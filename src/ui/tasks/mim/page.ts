/** What the page says of masked image modelling. */
import { nameOf } from "../../../settings/setting";
import type { MimSnapshot } from "../../../tasks/mim/views";
import { percent, points, short } from "../../format";
import { greyMap, timesMap } from "../compared";
import { binomialMargin, IMAGE_DATA } from "../imageData";
import type { TaskPage } from "../page";
import { galleryOf, patchCount } from "./gallery";

export const MIM_PAGE: TaskPage = {
  tagline:
    "A network learns without labels: it sees a few patches of an image, and a small decoder tells what the others look like (MAE, SparK), or what a larger one's decoder makes of all (G2SD).",
  charts: [{ id: "score", title: "Top-1 of frozen features, held out", of: "scores", format: percent, tested: true }],
  curves: {
    mim: { label: "squared difference at hidden patches", colour: "var(--student)" },
    g2sd: { label: "difference from the teacher's features", colour: "var(--student)" },
    linear_top1: { label: "linear classifier", colour: "var(--student)" },
    knn_top1: { label: "nearest neighbours", colour: "var(--agreement)", dash: "6 3" },
  },
  ...IMAGE_DATA,
  words: {
    alone:
      "There is none: what is hidden of an image is the answer. The encoder can be downloaded in the end, and a student can begin as it: a vision transformer one of classification or on ViTDet, a ResNet a detector on one.",
    score: "linear top-1",
    scored: (score) => `A linear classifier on its features classifies ${percent(score)} of held-out images correctly`,
    progress: () => undefined,
    size: ({ depth, width }) => `${depth} blocks of width ${width}`,
  },
  sliderStep: (key, state) => (nameOf(key) === "ratio" ? 1 / patchCount(state) : undefined),
  chance: (state) => 1 / galleryOf(state).classes.length,
  margin: binomialMargin,
  result({ value, count, margin = 0 }, state) {
    const chance = percent(1 / galleryOf(state).classes.length);
    return `A linear classifier on the features of an encoder that never saw a label classifies ${percent(value)} of ${short(count)} held-out images correctly (± ${points(margin)}); guessing would give ${chance}.`;
  },
  compared: {
    view: "snapshot",
    look(value, state) {
      const { channels, side, grid } = galleryOf(state);
      const { told, errors } = value as MimSnapshot;
      // With a teacher the pixels are told by it, and the same in both runs.
      if (errors) return { maps: [timesMap("Difference from the teacher's features", errors, grid)] };
      return { maps: [greyMap("What the decoder tells", told, channels, side)] };
    },
  },
};
