/**
 * MaskedKD: the student's attention chooses the patches its teacher sees.
 *
 * Son et al., "The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers", ECCV 2024.
 * score_i = mean over heads of the last block's class-token attention to patch i; the teacher receives the class token
 * and the k patches of highest score. No gradient flows through the score or the choice.
 */
import type { Live, Tensor } from "../engine/graph";
import type { Params } from "../models/params";
import { vit } from "../models/vit";
import { patches, type ViTConfig } from "../models/vit.config";
import { type AttentionTrace, type SaliencyOptions, saliency } from "../ops/attention";
import { resize } from "../ops/resize";
import { randomScores, topk } from "../ops/select";

/**
 * Whose scores choose: "student" is the method; "teacher" asks an extra full pass of the teacher; "random" draws afresh
 * every step; "bottom" keeps the k patches the student attends to least (Table 6c).
 */
export const CRITERIA = ["student", "teacher", "random", "bottom"] as const;
export type Criterion = (typeof CRITERIA)[number];

/** Which patches the teacher sees. */
export interface KeepChoice extends Pick<SaliencyOptions, "queries" | "reading"> {
  /** Number of patches k; all N of them skips the choice. */
  k: number;
  criterion?: Criterion;
  /** Source of random choices; `step` moves on between runs. */
  random?: { seed: number; step: Live };
}

export interface MaskedAnswer {
  /** Teacher's logits [B, K] on what it saw. */
  logits: Tensor;
  /** u32 [B, k], absent when everything was shown. */
  kept?: Tensor;
  /** [B, N], absent when everything was shown. */
  score?: Tensor;
}

interface Network {
  params: Params;
  config: ViTConfig;
}

/** Tells the random choice of patches from other uses of the same seed. */
const STREAM = 0x200;

/** Asks the teacher about some patches of the images; `attention` is that of the student's last block. */
export function maskedTeacher(teacher: Network, images: Tensor, attention: AttentionTrace, keep: KeepChoice): MaskedAnswer {
  const frozen = teacher.params.on(images.graph, false);
  const count = patches(teacher.config);
  if (keep.k >= count) return { logits: vit(frozen, teacher.config, images).logits };
  const score = matched(scores(teacher, images, attention, keep), count);
  const kept = topk(score, keep.k, { order: keep.criterion === "bottom" ? "bottom" : "top" });
  return { logits: vit(frozen, teacher.config, images, { kept }).logits, kept, score };
}

function scores(teacher: Network, images: Tensor, attention: AttentionTrace, keep: KeepChoice): Tensor {
  if (keep.criterion === "random") {
    const { seed, step } = keep.random ?? { seed: 0, step: 0 };
    return randomScores(images.graph, [images.shape[0], patches(teacher.config)], { seed, stream: STREAM, step });
  }
  if (keep.criterion !== "teacher") return saliency(attention, keep);
  const full = vit(teacher.params.on(images.graph, false), teacher.config, images, { allTokens: keep.queries === "patches" });
  return saliency(full.attention[full.attention.length - 1], keep);
}

/** Scores of another patch grid, resized bilinearly to one of `count` patches. */
function matched(score: Tensor, count: number): Tensor {
  if (score.cols === count) return score;
  const [from, to] = [Math.sqrt(score.cols), Math.sqrt(count)];
  return resize(score.reshape([score.rows, from, from]), [to, to]).reshape([score.rows, count]);
}
