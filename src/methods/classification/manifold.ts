/** Manifold distillation beside soft labels; see `gram.ts`. */
import { number } from "../../settings/setting";
import { gramLosses } from "../gram";
import type { ClassificationMethod } from "./method";

const knobs = {
  beta: number({
    label: "Manifold weight β",
    help: "Weight of the manifold loss. The published run learns from it and the soft labels alone.",
    ...{ default: 1, min: 0, max: 100, when: "live", group: "loss" },
  }),
};

export const manifold: ClassificationMethod<typeof knobs> = {
  name: "manifold",
  label: "Manifold",
  paper: "Hao et al., Learning Efficient Vision Transformers via Fine-Grained Manifold Distillation, NeurIPS 2022",
  about: "Tokens are alike where the teacher's are alike, within an image and between images.",
  allTokens: true,
  knobs,
  terms: { manifold: { label: "manifold", kind: "feature", weight: "beta", paper: "1" } },
  views: {},
  losses: ({ student, teacher, random }) => ({ losses: { manifold: gramLosses(student, teacher, random) }, views: [] }),
};
