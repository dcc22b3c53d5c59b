/**
 * Conventional logit distillation: the student's classification follows the teacher's at every place alike.
 *
 * Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015; what SAMKD's Table IV calls LD without SLD.
 */
import { divergenceLoss } from "../../ops/features";
import { logits, weight } from "./knobs";
import { total } from "./levels";
import type { DetectionMethod } from "./method";
import { FEATURES } from "./views";

const knobs = {
  beta: weight("Logit weight β", 0.5, "Weight of the divergence, a mean over places and a sum over levels."),
  ...logits,
};

export const logit: DetectionMethod<typeof knobs> = {
  name: "logit",
  label: "Logit KD",
  paper: "Hinton, Vinyals, Dean, Distilling the knowledge in a neural network, 2015",
  about: "The student's classification follows the teacher's at every place alike.",
  knobs,
  terms: { logit: { label: "L_logit", kind: "logit", weight: "beta", paper: "not given" } },
  views: {
    ...FEATURES,
    divergence: { kind: "heat", label: "Divergence of logits", note: "KL at each place", unit: "KL", axes: ["level"] },
  },
  modules: () => ({}),
  heads: () => [{ what: "class scores" }],
  losses({ student, teacher, knobs }) {
    const { divergence: kind, temperature } = knobs;
    const losses = student.levels.map(({ cls }, l) =>
      divergenceLoss(cls, teacher.levels[l].cls, { classes: student.config.classes, kind, temperature }),
    );
    const views = losses.map(({ kl }, level) => ({ view: "divergence", at: { level }, tensor: kl }));
    return { losses: { logit: total(losses) }, views };
  },
};
