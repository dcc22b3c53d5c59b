/**
 * MaskedKD for detection by transformer: the student's tokens come to lie where a masked teacher's are. Son et al., ECCV 2024, Table 12 and
 * appendix J, which has "algorithms from ViDT": token matching (Song et al., "ViDT: an efficient and effective fully transformer-based
 * object detector", ICLR 2022), the mean over tokens of |t_S - t_T|, of patches and of detection tokens, with the coefficient 4.
 *
 * A reading: ViDT's tokens are equally wide, MaskedKD's are not (192 and 768), so a linear projection of the student's is learned
 * beside. Patches are compared where the teacher saw them. ViDT's code takes a square root of the sum besides; the paper does not.
 */
import { distanceLoss } from "../../ops/features";
import { number } from "../../settings/setting";
import type { Distilled } from "../method";
import type { YolosMethod } from "./method";

const knobs = {
  lambda: number({
    label: "Token weight λ",
    help: "Weight of token matching, of patches and of detection tokens alike. ViDT's is 4.",
    ...{ default: 4, min: 0, max: 100, when: "live", group: "loss" },
  }),
};

export const yolos: YolosMethod<typeof knobs> = {
  name: "yolos",
  label: "MaskedKD, YOLOS",
  paper: "Son et al., The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers, ECCV 2024",
  about:
    "A YOLOS learns to find objects with tokens of their own. Its tokens follow those of a teacher that sees only the patches its detection tokens attend to. How tokens are matched is a reading: the paper names ViDT and no more.",
  knobs,
  terms: {
    patch: { label: "patch tokens", kind: "feature", weight: "lambda", paper: "4" },
    det: { label: "detection tokens", kind: "feature", weight: "lambda", paper: "4" },
  },
  views: {},
  losses({ student, teacher }): Distilled {
    return {
      losses: { patch: distanceLoss(student.patches, teacher.patches), det: distanceLoss(student.det, teacher.det) },
      views: [],
    };
  },
};
