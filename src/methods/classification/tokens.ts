/** The tokens that student and teacher are compared at. */
import { EngineError } from "../../engine/errors";
import type { DistillContext, Side } from "./method";

export const batchOf = ({ result }: Side): number => result.logits.rows;
export const tokensOf = ({ result, shared }: Side): number => (shared ? 1 + shared.cols : result.attention[0].keys);

/** Throws an EngineError where the two networks cut images differently. `base` is the loss that compares token by token. */
export function assertSameTokens(base: string, { student, teacher }: DistillContext): void {
  if (tokensOf(student) !== tokensOf(teacher))
    throw new EngineError(`The loss "${base}" compares tokens one by one, but student and teacher cut images differently.`, "Use logit.");
}
