/**
 * Manifold distillation beside soft labels; the terms are in `gram.ts`.
 *
 * Hao et al., "Learning Efficient Vision Transformers via Fine-Grained Manifold Distillation", NeurIPS 2022. How a mask meets it
 * MaskedKD's paper does not say. Our reading: of whoever saw the whole image, each block's outputs at the class token and the
 * patches the other was shown are compared with what the other made of them, so that the Gram matrices are of the same tokens.
 * Only those tokens of the student receive a gradient. The random tokens are drawn from them too.
 */
import { choice, number } from "../../settings/setting";
import { gramLosses } from "../gram";
import type { ClassificationMethod } from "./method";

const knobs = {
  beta: number({
    label: "Manifold weight β",
    help: "Weight of the manifold loss. The published run learns from it and the soft labels alone.",
    ...{ default: 1, min: 0, max: 100, when: "live", group: "loss" },
  }),
  draws: choice({
    label: "Random tokens",
    help: "Of all tokens of a batch 192 are compared besides. shared: the same ones in every pair of blocks. per-layer: drawn anew for each pair, as the published code does.",
    ...{ default: "shared", options: ["shared", "per-layer"], when: "live", records: true, group: "loss" },
  }),
};

export const manifold: ClassificationMethod<typeof knobs> = {
  name: "manifold",
  label: "Manifold",
  paper: "Hao et al., Learning Efficient Vision Transformers via Fine-Grained Manifold Distillation, NeurIPS 2022",
  about: "Tokens are alike where the teacher's are alike, within an image and between images.",
  allTokens: true,
  comparesTokens: true,
  knobs,
  terms: { manifold: { label: "manifold", kind: "feature", weight: "beta", paper: "1" } },
  views: {},
  losses: ({ student, teacher, random, knobs }) => ({
    losses: { manifold: gramLosses(student, teacher, { ...random, perPair: knobs.draws === "per-layer" }) },
    views: [],
  }),
};
