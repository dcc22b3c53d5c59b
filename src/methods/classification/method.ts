/** Input of classification's distillation methods: both networks' outputs on a batch, and which tokens they share. */
import type { Live } from "../../engine/graph";
import type { ViTResult } from "../../models/vit/model";
import type { Knobs, Method } from "../method";
import type { Side } from "../tokens";

export interface DistillContext {
  student: Side & { result: ViTResult };
  teacher: Side & { result: ViTResult };
  /** Source of random draws; `step` moves on between runs. */
  random: { seed: number; step: Live | number };
}

export interface ClassificationMethod<K extends Knobs = Knobs> extends Method<DistillContext, K> {
  /** Whether it compares every token of the last block, which otherwise computes the class token alone. */
  allTokens?: boolean;
  /** Whether it compares the two networks token by token, so that both must have the same ones. */
  comparesTokens?: boolean;
  /** Whether it stands in place of soft labels, not beside them. */
  replacesSoftLabels?: boolean;
}
