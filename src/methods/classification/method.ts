/** What classification's distillation methods are given: both networks' outputs on a batch, and which tokens they share. */
import type { Live, Tensor } from "../../engine/graph";
import type { ViTResult } from "../../models/vit/model";
import type { Knobs, Method } from "../method";

/** One of the two networks: what it made of the images, and, if the other saw less, what that was: u32 [B, k]. */
export interface Side {
  result: ViTResult;
  shared?: Tensor;
}

export interface DistillContext {
  student: Side;
  teacher: Side;
  /** Source of random draws; `step` moves on between runs. */
  random: { seed: number; step: Live | number };
}

export interface ClassificationMethod<K extends Knobs = Knobs> extends Method<DistillContext, K> {
  /** Whether it compares every token of the last block, which otherwise computes the class token alone. */
  allTokens?: boolean;
}
