/** What a method is called and does, and whose it is. */
import { DETECTION_METHODS } from "../../methods/detection";
import { isDetection, type Preset } from "../../settings/experiment";

export interface MethodWords {
  label: string;
  about: string;
  /** Authors, title, venue. */
  paper: string;
}

const MASKEDKD: MethodWords = {
  label: "MaskedKD",
  about: "A vision transformer learns to name images from a teacher that sees only the patches the student attends to.",
  paper: "Son et al., The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers, ECCV 2024",
};

export const methodOf = (preset: Preset): MethodWords => (isDetection(preset) ? DETECTION_METHODS[preset] : MASKEDKD);
