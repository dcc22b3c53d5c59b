/** Input of the methods for detection by transformer: both networks' tokens after the last norm, at the patches both have seen. */
import type { Tensor } from "../../engine/graph";
import type { Knobs, Method } from "../method";

export interface TokenPair {
  /** [B, k, D]: of the patches that the teacher saw, in its order. */
  patches: Tensor;
  /** Of the detection tokens: [B, M, D]. */
  det: Tensor;
}

export interface DistillContext {
  /** As wide as the teacher's: a learned linear projection of the student's own. */
  student: TokenPair;
  teacher: TokenPair;
}

export type YolosMethod<K extends Knobs = Knobs> = Method<DistillContext, K>;
