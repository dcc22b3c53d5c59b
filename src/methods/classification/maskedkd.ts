/**
 * MaskedKD: soft labels of a teacher that sees only some patches. Which ones is the mask's matter (`masking.ts`).
 *
 * Son et al., "The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers", ECCV 2024:
 * CE + lambda KD with KD = tau^2 KL(teacher || student), a mean over the batch.
 */
import { distillation } from "../../ops/losses";
import { number } from "../../settings/setting";
import type { ClassificationMethod } from "./method";

const knobs = {
  lambda: number({
    label: "Distillation weight λ",
    help: "Weight of the teacher's soft labels beside the true labels. 0 trains the student alone.",
    ...{ default: 1, min: 0, max: 10, when: "live", group: "loss", essential: true },
  }),
  temperature: number({
    label: "Temperature τ",
    help: "Softens both predictions before they are compared.",
    ...{ default: 1, min: 0.5, max: 8, when: "live", group: "loss" },
  }),
};

export const maskedkd: ClassificationMethod<typeof knobs> = {
  name: "maskedkd",
  label: "MaskedKD",
  paper: "Son et al., The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers, ECCV 2024",
  about: "A vision transformer learns to classify images from a teacher that sees only the patches the student attends to.",
  knobs,
  terms: { kd: { label: "soft labels", kind: "logit", weight: "lambda", paper: "1" } },
  views: {},
  // With a distillation token soft labels teach its head, as DeiT's soft variant does; the class token learns the truth.
  losses: ({ student, teacher, knobs }) => ({
    losses: { kd: distillation(student.result.heads?.dist ?? student.result.logits, teacher.result.logits, knobs.temperature) },
    views: [],
  }),
};
