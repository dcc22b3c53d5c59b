/**
 * FitNet: the student's features imitate the teacher's, pixel by pixel.
 *
 * Romero et al., "FitNets: Hints for thin deep nets", ICLR 2015; on every level of the pyramid, as detectors use it.
 */
import { errorLoss } from "../../ops/features";
import { reduction, weight } from "./knobs";
import { alignModules, pairs, scaleOf, total } from "./levels";
import type { DetectionMethod } from "./method";
import { FEATURES } from "./views";

const knobs = {
  alpha: weight("Feature weight α", 5, "Weight of the mean squared difference, summed over levels. 5 is mmrazor's and FreeKD's."),
  reduction,
};

export const fitnet: DetectionMethod<typeof knobs> = {
  name: "fitnet",
  label: "FitNet",
  paper: "Romero et al., FitNets: Hints for thin deep nets, ICLR 2015",
  about: "Plain feature distillation: the student's features imitate the teacher's, nothing is masked.",
  knobs,
  terms: { feature: { label: "L_feat", kind: "feature", weight: "alpha", paper: "5, means" } },
  views: FEATURES,
  modules: alignModules,
  losses(context) {
    const errors = pairs(context).map(({ student, teacher }) =>
      errorLoss(student, teacher, { scale: scaleOf(teacher, context.knobs.reduction) }),
    );
    return { losses: { feature: total(errors) }, views: [] };
  },
};
