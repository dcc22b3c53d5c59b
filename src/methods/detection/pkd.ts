/**
 * PKD: features imitate up to scale and shift of each channel: half the mean squared difference of standardised maps, one
 * minus Pearson's correlation.
 *
 * Cao et al., "PKD: General distillation framework for object detectors via Pearson correlation coefficient", NeurIPS 2022.
 */
import { standardise } from "../../ops/channelnorm";
import { errorLoss } from "../../ops/features";
import { weight } from "./knobs";
import { alignModules, pairs, total } from "./levels";
import type { DetectionMethod } from "./method";
import { FEATURES } from "./views";

const knobs = {
  alpha: weight("Feature weight α", 10, "Weight of 1 - r, summed over levels. The paper's is 10 for RetinaNet, 6 for two-stage detectors."),
};

/** Levels compared; coarser ones are left alone. */
const LEVELS = 4;

export const pkd: DetectionMethod<typeof knobs> = {
  name: "pkd",
  label: "PKD",
  paper: "Cao et al., PKD: General distillation framework for object detectors via Pearson correlation coefficient, NeurIPS 2022",
  about:
    "Features imitate up to scale and shift of each channel. Unlike the paper's, students of another width get a 1 x 1 convolution to the teacher's channels.",
  knobs,
  terms: { feature: { label: "1 - r", kind: "feature", weight: "alpha", paper: "10" } },
  views: FEATURES,
  modules: alignModules,
  losses(context) {
    const compared = pairs(context).slice(0, LEVELS);
    const errors = compared.map(({ student, teacher }) =>
      errorLoss(standardise(student), standardise(teacher), { scale: 0.5 / teacher.size }),
    );
    return { losses: { feature: total(errors) }, views: [] };
  },
};
