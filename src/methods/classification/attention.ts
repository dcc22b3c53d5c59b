/**
 * Attention distillation: KL between the class tokens' attention in all blocks with equal factors, heads aggregated or one by one.
 *
 * Wang et al., "Attention Distillation: self-supervised vision transformer students need more guidance", 2022, as MaskedKD uses
 * it. Under a mask, attention to the tokens that both saw is made to sum to 1. Attention is not clamped.
 */
import { EngineError } from "../../engine/errors";
import type { Live } from "../../engine/graph";
import { distillation, type Loss } from "../../ops/losses";
import { attentionLogits } from "../../ops/relations";
import { choice, number } from "../../settings/setting";
import { assertSameTokens, type Side } from "../tokens";
import type { ClassificationMethod, DistillContext } from "./method";

/** Throws an EngineError where heads that are compared one by one are not as many. */
export function assertSameHeads(student: number, teacher: number): void {
  if (student !== teacher)
    throw new EngineError(
      `Attention cannot be compared head by head: the student has ${student} heads, the teacher ${teacher}.`,
      "Use attention.heads=aggregated, or a student of as many heads.",
    );
}

function attentionLoss({ student, teacher }: DistillContext, temperature: Live, perHead: boolean): Loss {
  const [ours, theirs] = [student.result.attention, teacher.result.attention];
  const partners = ours.map((_, l) => theirs[Math.max(0, Math.round(((l + 1) * theirs.length) / ours.length) - 1)]);
  if (perHead) assertSameHeads(ours[0].heads, theirs[0].heads);
  const logits = (traces: typeof ours, { shared }: Side) => attentionLogits(traces, perHead ? 1 : temperature, shared, perHead);
  return distillation(logits(ours, student), logits(partners, teacher), 1);
}

const knobs = {
  beta: number({
    label: "Attention weight β",
    help: "Weight of the attention loss.",
    ...{ default: 1, min: 0, max: 100, when: "live", group: "loss" },
  }),
  heads: choice({
    label: "Heads are",
    help: "aggregated: the logarithms of all heads' attention are summed up, divided by the temperature and compared. per-head: each head with the teacher's of the same number; both networks then need as many.",
    ...{ default: "aggregated", options: ["aggregated", "per-head"], when: "live", records: true, group: "loss" },
  }),
  temperature: number({
    label: "Attention temperature T",
    help: "Softens the aggregated heads; 10 to 20 in its paper. Heads compared one by one are not softened.",
    ...{ default: 10, min: 1, max: 40, when: "live", group: "loss" },
  }),
};

export const attention: ClassificationMethod<typeof knobs> = {
  name: "attention",
  label: "Attention",
  paper: "Wang et al., Attention Distillation: self-supervised vision transformer students need more guidance, 2022",
  about: "The class token attends to what the teacher's attends to, in every block.",
  comparesTokens: true,
  knobs,
  terms: { attention: { label: "attention", kind: "feature", weight: "beta", paper: "not given" } },
  views: {},
  losses({ knobs, ...context }) {
    assertSameTokens("attention", context.student, context.teacher);
    return { losses: { attention: attentionLoss(context, knobs.temperature, knobs.heads === "per-head") }, views: [] };
  },
};
