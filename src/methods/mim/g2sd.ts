/**
 * G2SD's first, generic stage: a masked autoencoder learns from another one. Both see the same few patches of an image; from its decoder's
 * tokens the student tells what those of the teacher's decoder are. The second stage is `maskedkd` with hard labels (`base=hard`), of a
 * student with a distillation token that begins as this one's encoder.
 *
 * Huang et al., "Generic-to-specific distillation of masked autoencoders", CVPR 2023; the values are those of its code (engine_distill.py,
 * models_mae.py, main_distill.py).
 */
import type { Tensor } from "../../engine/graph";
import { errorLoss } from "../../ops/features";
import type { Loss } from "../../ops/losses";
import { layerNorm } from "../../ops/norm";
import { withoutFirst } from "../../ops/prepend";
import { choice, number } from "../../settings/setting";
import type { MethodInfo } from "../method";
import { KNOBS } from "./knobs";

const knobs = {
  ratio: KNOBS.ratio,
  tokens: choice({
    label: "Compared",
    help: "all: every token, the class token's too, as G2SD's script has it. hidden: the patches that neither network sees, as its code can do, too.",
    ...{ default: "all", options: ["all", "hidden"], when: "live", records: true, group: "loss" },
  }),
  layer: choice({
    label: "Teacher's block",
    help: "Of the teacher's decoder, after which block its tokens are the target. middle: half way, as G2SD has it (block 4 of 8). last: after all of them.",
    ...{ default: "middle", options: ["middle", "last"], when: "live", records: true, group: "loss" },
  }),
  decoderWidth: KNOBS.decoderWidth,
  decoderDepth: KNOBS.decoderDepth,
  decoderHeads: KNOBS.decoderHeads,
};

export const g2sd: MethodInfo<typeof knobs> = {
  name: "g2sd",
  label: "G2SD, first stage",
  paper: "Huang et al., Generic-to-specific distillation of masked autoencoders, CVPR 2023",
  about:
    "A small masked autoencoder learns from a larger one without labels: both see the same few patches, and its decoder tells the tokens of the teacher's decoder.",
  knobs,
  settings: {
    teacher: choice({
      label: "Learns from",
      help: "teacher: from the loaded masked autoencoder.",
      ...{ default: "teacher", options: ["teacher"], when: "next", group: "data" },
    }),
    width: number({
      label: "Width",
      help: "Numbers per token of the encoder; a multiple of the heads. It should be smaller than the teacher's.",
      ...{ default: 48, min: 8, max: 1024, integer: true, when: "next", group: "student" },
    }),
  },
  terms: {},
  views: {},
};

/** Where the parabola of the smooth absolute error ends. */
const BETA = 2;
const EPS = 1e-6;

/** The block of a decoder of `depth` whose tokens are the target, counted from 1. */
export const targetBlock = (layer: "middle" | "last", depth: number): number => (layer === "last" ? depth : Math.ceil(depth / 2));

/** What the student is to tell: the teacher's tokens, each normalised without learned factors; `one` and `zero` are [width]. */
export const featureTarget = (tokens: Tensor, { one, zero }: { one: Tensor; zero: Tensor }): Tensor => layerNorm(tokens, one, zero, EPS);

/** The mean smooth absolute error of features [B (1 + N), F]: of all tokens, or of the `hidden` patches, f32 [B N], 1 at `count` of them. */
export function featureError(told: Tensor, target: Tensor, batch: number, hidden?: { hidden: Tensor; count: number }): Loss {
  if (!hidden) return errorLoss(told, target, { power: "smooth", beta: BETA, scale: 1 / told.size });
  const patches = [told, target].map((tokens) => withoutFirst(tokens, batch));
  return errorLoss(patches[0], patches[1], { power: "smooth", beta: BETA, rows: hidden.hidden, scale: 1 / (hidden.count * told.cols) });
}

/** That error of each token, [B (1 + N)]. */
export const featureErrors = (told: Tensor, target: Tensor): Tensor =>
  errorLoss(told, target, { power: "smooth", beta: BETA, scale: 1 / told.cols }).rows;
