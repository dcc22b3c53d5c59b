/**
 * Masked image modelling: most patches of an image are hidden, and what they looked like is to be told from the rest, without labels and
 * without a teacher. What has learned it is a student's beginning, as in Tables 2 and 3 of MKD's appendix.
 *
 * He et al., "Masked autoencoders are scalable vision learners", CVPR 2022; the values are those of its code. With a ResNet it is SparK: Tian et
 * al., "Designing BERT for convolutional networks: sparse and hierarchical masked modeling", ICLR 2023.
 */
import type { Tensor } from "../../engine/graph";
import { errorLoss } from "../../ops/features";
import type { Loss } from "../../ops/losses";
import { layerNorm } from "../../ops/norm";
import { choice } from "../../settings/setting";
import type { MethodInfo } from "../method";
import { KNOBS } from "./knobs";

const knobs = {
  ratio: KNOBS.ratio,
  target: choice({
    label: "Target",
    help: "normalised: the pixels of a patch less their mean, over their deviation (MAE's better one, and SparK's). pixels: as the network sees them.",
    ...{ default: "normalised", options: ["normalised", "pixels"], when: "live", records: true, group: "loss" },
  }),
  decoderWidth: {
    ...KNOBS.decoderWidth,
    help: "MAE: numbers per token of the decoder, a multiple of its heads (512 there). SparK: channels of the decoder at the coarsest map, halved with each of five steps to pixels (512).",
  },
  decoderDepth: KNOBS.decoderDepth,
  decoderHeads: KNOBS.decoderHeads,
};

export const mim: MethodInfo<typeof knobs> = {
  name: "mim",
  label: "MAE, SparK",
  paper: "He et al., Masked autoencoders are scalable vision learners, CVPR 2022",
  about: "A network learns without labels: it sees a few patches of an image, and a small decoder tells what the others look like.",
  knobs,
  settings: {
    teacher: choice({
      label: "Learns from",
      help: "none: there is no teacher. What is hidden of an image is the answer.",
      ...{ default: "none", options: ["none"], when: "next", group: "data" },
    }),
  },
  terms: {},
  views: {},
};

/** Added to the variance of a patch. */
const EPS = 1e-6;

/** What the decoder is to tell of patches [B N, C P P]. Of a normalised one the deviation is the unbiased one, as in MAE's code. */
export function targetOf(patches: Tensor, kind: "normalised" | "pixels", { one, zero }: { one: Tensor; zero: Tensor }): Tensor {
  if (kind === "pixels") return patches;
  // layerNorm has the biased one: (n - 1) / n of it, which `one` makes up for, [n] of sqrt((n - 1) / n).
  return layerNorm(patches, one, zero, (EPS * (patches.cols - 1)) / patches.cols);
}

/** The mean squared difference over the pixels of hidden patches; `hidden` f32 [B N] is 1 there, in all `count` times. */
export const hiddenError = (told: Tensor, target: Tensor, { hidden, count }: { hidden: Tensor; count: number }): Loss =>
  errorLoss(told, target, { rows: hidden, scale: 1 / (count * target.cols) });
