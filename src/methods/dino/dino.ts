/**
 * DINO: self-distillation with no labels. A student's answers on crops of an image follow those of a teacher on other crops of it;
 * the teacher is the running mean of the student. With MaskedKD (Son et al., ECCV 2024, section 4.3 and Table 4) the teacher sees
 * of its crops only the patches that the student attends to in the same crop.
 *
 * Caron et al., "Emerging properties in self-supervised vision transformers", ICCV 2021; the values are those of its code.
 */
import { centredProbabilities, viewLoss } from "../../ops/selfDistillation";
import { number } from "../../settings/setting";
import type { SelfMethod } from "./method";

const knobs = {
  temperature: number({
    label: "Student temperature",
    help: "The student's cosines are divided by this before its softmax.",
    ...{ default: 0.1, min: 0.02, max: 1, when: "live", group: "loss" },
  }),
  teacherTemperature: number({
    label: "Teacher temperature",
    help: "The same for the teacher. Lower than the student's, it makes the teacher's answers sharper than what learns from them. Where the loss stays at the logarithm of the number of outputs, the answers are even and nothing is learned: lower it.",
    ...{ default: 0.04, min: 0.01, max: 1, when: "live", group: "loss" },
  }),
  centring: number({
    label: "Centre keeps",
    help: "Share of the centre that each step keeps; the rest is the mean of the teacher's new answers. The centre is taken off its answers, so that no output wins everywhere.",
    ...{ default: 0.9, min: 0, max: 1, when: "live", group: "loss" },
  }),
  momentum: number({
    label: "Teacher keeps",
    help: "Share of the teacher's weights that the first step keeps; the rest is the student's. It rises to 1 along half a cosine. 1 never changes the teacher, 0 copies the student at first.",
    ...{ default: 0.996, min: 0, max: 1, when: "live", group: "loss" },
  }),
};

export const dino: SelfMethod<typeof knobs> = {
  name: "dino",
  label: "MaskedKD, DINO",
  paper: "Son et al., The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers, ECCV 2024",
  about:
    "A vision transformer learns without labels: its answers on crops of an image follow those of its own running mean, which sees only the patches the student attends to.",
  knobs,
  terms: {},
  views: {},
  compare({ batch, student, teacher, knobs }) {
    const answer = centredProbabilities(teacher.logits, teacher.centre, knobs.teacherTemperature);
    return { answer, loss: viewLoss(student, answer.probabilities, { batch, temperature: knobs.temperature }) };
  },
};

/** Share of the teacher's weights that step `step` (from 0) of `steps` keeps: from `first` to 1 along half a cosine. */
export function momentumAt(first: number, step: number, steps: number): number {
  return 1 - (1 - first) * halfCosine(step, steps);
}

/** Weight decay at a step: from `first` to `last` along half a cosine. */
export function decayAt(first: number, last: number, step: number, steps: number): number {
  return last + (first - last) * halfCosine(step, steps);
}

/** From 1 at step 0 down to 0 at the end. */
const halfCosine = (step: number, steps: number): number => 0.5 * (1 + Math.cos((Math.PI * step) / steps));
