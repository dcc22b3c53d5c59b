/**
 * Attention distillation: KL between the class tokens' attention in all blocks with equal factors, heads aggregated.
 *
 * Wang et al., "Attention Distillation: self-supervised vision transformer students need more guidance", 2022, as MaskedKD uses
 * it. Under a mask, attention to the tokens that both saw is made to sum to 1. Attention is not clamped.
 */
import { distillation, type Loss } from "../../ops/losses";
import { attentionLogits } from "../../ops/relations";
import { number } from "../../settings/setting";
import { assertSameTokens, type Side } from "../tokens";
import type { ClassificationMethod, DistillContext } from "./method";

/** Softens the aggregated heads. */
const AGGREGATION = 10;

function attentionLoss({ student, teacher }: DistillContext): Loss {
  const [ours, theirs] = [student.result.attention, teacher.result.attention];
  const partners = ours.map((_, l) => theirs[Math.max(0, Math.round(((l + 1) * theirs.length) / ours.length) - 1)]);
  const logits = (traces: typeof ours, { shared }: Side) => attentionLogits(traces, AGGREGATION, shared);
  return distillation(logits(ours, student), logits(partners, teacher), 1);
}

const knobs = {
  beta: number({
    label: "Attention weight β",
    help: "Weight of the attention loss.",
    ...{ default: 1, min: 0, max: 100, when: "live", group: "loss" },
  }),
};

export const attention: ClassificationMethod<typeof knobs> = {
  name: "attention",
  label: "Attention",
  paper: "Wang et al., Attention Distillation: self-supervised vision transformer students need more guidance, 2022",
  about: "The class token attends to what the teacher's attends to, in every block.",
  knobs,
  terms: { attention: { label: "attention", kind: "feature", weight: "beta", paper: "not given" } },
  views: {},
  losses(context) {
    assertSameTokens("attention", context.student, context.teacher);
    return { losses: { attention: attentionLoss(context) }, views: [] };
  },
};
