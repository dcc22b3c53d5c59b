/** The tokens that two transformers are compared at. */
import { EngineError } from "../engine/errors";
import type { Tensor } from "../engine/graph";
import type { Features } from "../models/model";
import type { AttentionTrace } from "../ops/attention";

/** One of the two networks: its output, and, if the other network saw fewer patches, which those were: u32 [B, k]. */
export interface Side {
  result: Pick<Features, "blocks" | "grid"> & { attention: AttentionTrace[]; sizes?: unknown };
  shared?: Tensor;
}

export const batchOf = ({ result }: Side): number => result.attention[0].batch;
export const tokensOf = ({ result, shared }: Side): number => (shared ? 1 + shared.cols : result.attention[0].keys);

/** Throws an EngineError where the two networks cut images differently, or one has a distillation token. `loss` compares token by token. */
export function assertSameTokens(loss: string, student: Side, teacher: Side): void {
  if ([student, teacher].some(({ result }) => (result.attention[0].lead ?? 1) > 1))
    throw new EngineError(`The loss "${loss}" compares tokens one by one, and does not know a distillation token.`, "Use logit or hard.");
  if ([student, teacher].some(({ result }) => result.attention.length === 0))
    throw new EngineError(`The loss "${loss}" compares tokens one by one, and CaiT's class token comes after them.`, "Use logit or hard.");
  if (student.result.sizes || teacher.result.sizes)
    throw new EngineError(`The loss "${loss}" compares tokens one by one, but some are merged.`, "Use logit or hard, or merge none.");
  if (tokensOf(student) !== tokensOf(teacher) || String(student.result.grid) !== String(teacher.result.grid))
    throw new EngineError(`The loss "${loss}" compares tokens one by one, but student and teacher cut images differently.`, "Use logit.");
}
