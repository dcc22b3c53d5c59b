/**
 * MaskedKD: the student's attention chooses the patches its teacher sees.
 *
 * Son et al., "The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers", ECCV 2024.
 * score_i = mean over heads of the last block's class-token attention to patch i; the teacher receives the class token
 * and the k patches of highest score. No gradient flows through the score or the choice.
 */
import type { Tensor } from "../engine/graph";
import type { Params } from "../models/params";
import { vit } from "../models/vit";
import { patches, type ViTConfig } from "../models/vit.config";
import { type AttentionTrace, type SaliencyOptions, saliency } from "../ops/attention";
import { topk } from "../ops/select";

/** Which patches the teacher sees. */
export interface KeepChoice extends Pick<SaliencyOptions, "queries" | "reading"> {
  /** Number of patches k; all N of them skips the choice. */
  k: number;
  /** The k highest scores, or (as a control) the k lowest. */
  order?: "top" | "bottom";
}

export interface MaskedAnswer {
  /** Teacher's logits [B, K] on what it saw. */
  logits: Tensor;
  /** u32 [B, k], absent when everything was shown. */
  kept?: Tensor;
  /** [B, N], absent when everything was shown. */
  score?: Tensor;
}

/** Asks the teacher about the patches the student's attention (of its last block) picks out of the images. */
export function maskedTeacher(
  teacher: { params: Params; config: ViTConfig },
  images: Tensor,
  attention: AttentionTrace | undefined,
  keep: KeepChoice,
): MaskedAnswer {
  const frozen = teacher.params.on(images.graph, false);
  const count = patches(teacher.config);
  if (keep.k >= count || !attention) return { logits: vit(frozen, teacher.config, images).logits };
  const score = saliency(attention, keep);
  const kept = topk(score, keep.k, { order: keep.order });
  return { logits: vit(frozen, teacher.config, images, { kept }).logits, kept, score };
}
