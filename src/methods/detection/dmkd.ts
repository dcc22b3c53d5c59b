/**
 * DMKD: dual masking over the whole map, SAMKD without its pyramid and without logits.
 *
 * Yang et al., "DMKD: Improving feature-based knowledge distillation for object detection via dual masking augmentation",
 * ICASSP 2024. No code is public: SAMKD says what it takes from it, and the abstract that the two shares adjust themselves.
 */

import { choice, number } from "../../settings/setting";
import { CHANNEL_VIEWS, dualMasking, dualModules, MASK_VIEWS, maskKnobs } from "./dualmasking";
import { reduction, weight } from "./knobs";
import { alignModules, forLevels, pairs, total } from "./levels";
import type { DetectionMethod } from "./method";
import { constant } from "./modules";

const share = { min: 0, max: 1, when: "live", group: "loss" } as const;
const LAMBDA = 0.45;

const knobs = {
  ...maskKnobs,
  shares: choice({
    label: "Shares of Eq. 7",
    help: "fixed: λ and μ below. learned: λ = sigmoid(s), μ = 1 - λ with s trained on every level, starting from λ = 0.45.",
    ...{ default: "fixed", options: ["fixed", "learned"], when: "next", group: "method" },
  }),
  lambda: number({ label: "Spatial share λ", help: "Share of what θˢ regenerates.", default: LAMBDA, ...share }),
  mu: number({ label: "Channel share μ", help: "Share of what θᶜ regenerates.", default: 1 - LAMBDA, ...share }),
  alpha: weight("Feature weight α", 5, "Weight of L_feat, summed over levels."),
  reduction,
};

export const dmkd: DetectionMethod<typeof knobs> = {
  name: "dmkd",
  label: "DMKD",
  paper:
    "Yang et al., DMKD: Improving feature-based knowledge distillation for object detection via dual masking augmentation, ICASSP 2024",
  about:
    "The student regenerates what is erased where the teacher attends, in space and among channels, over the whole map. A reconstruction: the authors' code is not public.",
  regenerates: true,
  knobs,
  terms: { feature: { label: "L_feat", kind: "feature", weight: "alpha", paper: "not given" } },
  views: { ...MASK_VIEWS, ...CHANNEL_VIEWS },
  modules: (student, teacher, { shares }) => ({
    ...alignModules(student, teacher),
    ...dualModules(teacher, [1], false),
    ...(shares === "learned" && forLevels(teacher, (l) => ({ [`share.${l}`]: constant([1], Math.log(LAMBDA / (1 - LAMBDA))) }))),
  }),
  losses(context) {
    const { shares, lambda, mu, ...masks } = context.knobs;
    const levels = pairs(context).map((pair) => {
      const learned = shares === "learned" && { learned: context.modules[`share.${pair.level}`] };
      return dualMasking(pair, context.modules, { ...masks, sides: [1], shares: learned || { lambda, mu } });
    });
    const found = levels.flatMap(({ loss }) => loss ?? []);
    return { losses: { ...(found.length && { feature: total(found) }) }, views: levels.flatMap(({ views }) => views) };
  },
};
