/** Input of segmentation's distillation methods: both networks' outputs on a batch, and which tokens they share. */
import type { Live, Tensor } from "../../engine/graph";
import type { Knobs, Method } from "../method";
import type { Side } from "../tokens";

export interface DistillContext {
  student: Side & { pixels: Tensor };
  /** Its logits of pixels [B * S * S, K]; present if it saw every patch and its decoder was run. */
  teacher: Side & { pixels?: Tensor };
  /** Source of random draws; `step` moves on between runs. */
  random: { seed: number; step: Live | number };
}

export interface SegmentationMethod<K extends Knobs = Knobs> extends Method<DistillContext, K> {
  /** Whether the teacher has to see every patch, because its decoder's answer is compared. */
  asksDecoder(choices: Readonly<Record<string, unknown>>): boolean;
}
