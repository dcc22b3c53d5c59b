/**
 * Rows of MaskedKD's tables 2 and 5 to 9 as settings. The paper distils DeiT on ImageNet; a row here is the same comparison with the
 * networks at hand. `paper` is the top-1 that is printed, in %. Shares are those that its PFLOPs tell: "75 %" are 144 of 196 patches.
 */
import { type Row, tableRows as table } from "../../settings/recipes";

const COMMON = { preset: "maskedkd" };
const ALONE = { teacher: "none" };
const [THREE_QUARTERS, HALF, TWO_FIFTHS] = [0.735, 0.5, 0.408];
/** Published manifold distillation has no loss on labels, and draws tokens for each layer. */
const MANIFOLD = { base: "manifold", labels: 0, "manifold.draws": "per-layer" };
const LIGHT = { augment: "crop", crop: 0.08 };
const HEAVY = { augment: "heavy", operations: "full", crop: 0.08, erasing: 0.25 };

export const ROWS: Readonly<Record<string, Row>> = {
  ...table("maskedkd-2", "MaskedKD, Table 2: DeiT-S teaches DeiT-Ti", COMMON, {
    alone: ["no distillation", 72.0, ALONE],
    logit: ["logit, every patch", 75.0, { keep: 1 }],
    "kept-50": ["logit, 50 %", 75.2, { keep: HALF }],
    "kept-40": ["logit, 40 %", 74.9, { keep: TWO_FIFTHS }],
    manifold: ["manifold, every patch", 75.0, { ...MANIFOLD, keep: 1 }],
    "manifold-75": ["manifold, 75 %", 75.2, { ...MANIFOLD, keep: THREE_QUARTERS }],
    attention: ["attention, every patch", 75.3, { base: "attention", keep: 1 }],
    "attention-50": ["attention, 50 %", 75.3, { base: "attention", keep: HALF }],
  }),
  ...table("maskedkd-5", "MaskedKD, Table 5: a guide, later partly random", COMMON, {
    dino: ["DINO", 80.7, { criterion: "guide" }],
    random: ["DINO + random", 80.9, { criterion: "guide-late-random" }],
  }),
  ...table("maskedkd-6", "MaskedKD, Table 6: ablations", COMMON, {
    cls: ["class token's attention, last block, top k", 75.1],
    patches: ["patches' attention", 74.6, { queries: "patches" }],
    first: ["first block", 72.3, { block: 1 }],
    middle: ["middle block", 75.0, { block: 2 }],
    random: ["random", 74.6, { criterion: "random" }],
    bottom: ["bottom k", 71.7, { criterion: "bottom" }],
  }),
  ...table("maskedkd-7", "MaskedKD, Table 7: import a teacher of larger images first", COMMON, {
    logit: ["every patch", 74.9, { keep: 1 }],
    "kept-75": ["75 %", 75.3, { keep: 0.75 }],
    "kept-50": ["50 %", 74.9, { keep: HALF }],
    "kept-34": ["34 %", 74.6, { keep: 0.34 }],
  }),
  ...table(
    "maskedkd-8",
    "MaskedKD, Table 8: only the head learns; begin from a file",
    { ...COMMON, frozen: "on" },
    {
      alone: ["no distillation", 76.9, ALONE],
      logit: ["DeiT-B, every patch", 77.5, { keep: 1 }],
      "kept-75": ["DeiT-B, 75 %", 77.5, { keep: THREE_QUARTERS }],
      "kept-50": ["DeiT-B, 50 %", 77.5, { keep: HALF }],
    },
  ),
  ...table("maskedkd-9", "MaskedKD, Table 9: augmentation", COMMON, {
    "simple-alone": ["simple, no distillation", 71.3, { ...LIGHT, ...ALONE }],
    "simple-logit": ["simple, every patch", 79.7, { ...LIGHT, keep: 1 }],
    "simple-50": ["simple, 50 %", 80.2, { ...LIGHT, keep: HALF }],
    "hard-alone": ["hard, no distillation", 79.9, { ...HEAVY, ...ALONE }],
    "hard-logit": ["hard, every patch", 80.8, { ...HEAVY, keep: 1 }],
    "hard-50": ["hard, 50 %", 81.0, { ...HEAVY, keep: HALF }],
  }),
};
