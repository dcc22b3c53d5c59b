/**
 * MaskedKD for semantic segmentation: the student imitates a masked teacher's tokens. Son et al., ECCV 2024, Table 12: a
 * Segmenter (Strudel et al., ICCV 2021) learns by manifold distillation from a teacher that does not see every patch.
 *
 * The teacher's decoder needs every patch, so it is never run under a mask. With `base=logit`, the baseline, the teacher sees
 * everything and the student follows its answer at every pixel.
 */
import { distillation } from "../../ops/losses";
import { choice, number } from "../../settings/setting";
import { gramLosses } from "../gram";
import type { Distilled } from "../method";
import type { SegmentationMethod } from "./method";

const knobs = {
  base: choice({
    label: "Base loss",
    help: "manifold: how alike tokens are, within and between images, at the patches the teacher sees. logit: the teacher's answer at every pixel; its decoder needs every patch, so no mask acts.",
    ...{ default: "manifold", options: ["manifold", "logit"], when: "live", records: true, group: "loss" },
  }),
  beta: number({
    label: "Manifold weight β",
    help: "Weight of the manifold loss beside the labels.",
    ...{ default: 1, min: 0, max: 100, when: "live", group: "loss" },
  }),
  lambda: number({
    label: "Logit weight λ",
    help: "Weight of the teacher's soft labels of pixels, with the base loss logit.",
    ...{ default: 1, min: 0, max: 10, when: "live", group: "loss" },
  }),
  temperature: number({
    label: "Temperature τ",
    help: "Softens both answers before they are compared, with the base loss logit.",
    ...{ default: 1, min: 0.5, max: 8, when: "live", group: "loss" },
  }),
};

export const segmenter: SegmentationMethod<typeof knobs> = {
  name: "segmenter",
  label: "MaskedKD, Segmenter",
  paper: "Son et al., The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers, ECCV 2024",
  about:
    "A Segmenter learns to classify every pixel. Its tokens become alike where those of a teacher are alike that sees only the patches the student attends to.",
  knobs,
  terms: {
    manifold: { label: "manifold", kind: "feature", weight: "beta", paper: "1" },
    kd: { label: "soft labels of pixels", kind: "logit", weight: "lambda", paper: "not given" },
  },
  views: {},
  asksDecoder: ({ base }) => base === "logit",
  losses({ student, teacher, random, knobs }): Distilled {
    if (!teacher.pixels) return { losses: { manifold: gramLosses(student, teacher, random) }, views: [] };
    return { losses: { kd: distillation(student.pixels, teacher.pixels, knobs.temperature) }, views: [] };
  },
};
