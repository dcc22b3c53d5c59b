/** What the page says of audio. */
import { SOUNDS } from "../../../data/generated.id";
import { percent, points, short } from "../../format";
import { CLASSIFICATION_PAGE } from "../classification/page";
import { comparedAt } from "../masks/compared";
import { MASK_PAIRS } from "../masks/pairs";
import type { TaskPage } from "../page";
import { LOOKS } from "./gallery";

const { charts, curves, words, shares, margin } = CLASSIFICATION_PAGE;

export const AUDIO_PAGE: TaskPage = {
  tagline:
    "An audio spectrogram transformer learns to classify sounds from a teacher that sees only part of each spectrogram. Steer the mask while it learns, and listen.",
  ...{ charts, curves, shares, margin, pairs: MASK_PAIRS, keptOf: LOOKS.keptOf, compared: comparedAt(LOOKS) },
  formats: [
    "A folder, or a zip or tar of one, with a folder of WAV files per class: 8 to 32 bits or floats, any rate, mono or not. MP3, FLAC and the like where this browser decodes them.",
    "ESC-50's folder: recordings and a table of their categories and folds, of which the last is held out.",
    "WAV files whose names begin with the class, as fsdd's 7_jackson_0.wav.",
    "Folders called train, test, val or the like keep their parts; otherwise 15 % of each class is held out. At most 10 seconds of each are kept.",
  ],
  sides: [32, 64],
  things: {
    ...{ many: "sounds", unit: "bands", side: "Mel bands of a spectrogram" },
    size: ({ side }) => `16 kHz, ${side} mel bands`,
  },
  generated: SOUNDS,
  words: {
    ...words,
    scored: (score, classes) => `Classifies ${percent(score)} of held-out sounds correctly (guessing: ${percent(1 / classes)})`,
    progress({ rate, score }) {
      if (score !== undefined) return `classifies ${percent(score)} of held-out sounds correctly`;
      return rate === undefined ? undefined : `classifies ${percent(rate)} of its batch correctly`;
    },
  },
  sliderStep: (key, state) => (key === "keep" ? 1 / LOOKS.patchCount(state) : undefined),
  chance: (state) => 1 / Math.max(1, LOOKS.galleryOf(state).classes.length),
  result({ value, count, margin = 0 }, state) {
    const chance = percent(1 / LOOKS.galleryOf(state).classes.length);
    return `The student classifies ${percent(value)} of ${short(count)} held-out sounds correctly (± ${points(margin)}); guessing would give ${chance}.`;
  },
};
