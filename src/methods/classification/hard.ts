/**
 * Hard distillation: the teacher's decision is a label. It stands in place of soft labels.
 *
 * Touvron et al., "Training data-efficient image transformers & distillation through attention", 2021, eq. 3: half the cross
 * entropy with the truth and half that with the class the teacher finds likeliest. Our weights are those of the labels and of
 * this term, both 1 by default: twice that sum, at the same ratio. labels=0.5 hard.beta=0.5 is the sum to the letter. With a
 * distillation token each head learns from one of the two, else the only head from both.
 */
import { crossEntropy } from "../../ops/losses";
import { topk } from "../../ops/select";
import { number } from "../../settings/setting";
import type { ClassificationMethod } from "./method";

const knobs = {
  beta: number({
    label: "Hard label weight",
    help: "Weight of the cross entropy with the teacher's decision. DeiT weighs it as much as the true labels.",
    ...{ default: 1, min: 0, max: 10, when: "live", group: "loss" },
  }),
};

export const hard: ClassificationMethod<typeof knobs> = {
  name: "hard",
  label: "Hard labels",
  paper: "Touvron et al., Training data-efficient image transformers & distillation through attention, ICML 2021",
  about: "The class that the teacher finds likeliest is a second label.",
  replacesSoftLabels: true,
  knobs,
  terms: { hard: { label: "hard labels", kind: "logit", weight: "beta", paper: "1" } },
  views: {},
  losses({ student, teacher }) {
    const { logits, heads } = student.result;
    const decided = topk(teacher.result.logits, 1).reshape([logits.rows]);
    return { losses: { hard: crossEntropy(heads?.dist ?? logits, { labels: decided }) }, views: [] };
  },
};
