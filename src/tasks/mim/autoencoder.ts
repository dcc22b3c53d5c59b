/** What learns to tell hidden patches: an encoder that students begin as, under a decoder. */
import type { Dataset } from "../../data/dataset";
import type { Tensor } from "../../engine/graph";
import type { Left } from "../../models/mae";
import type { Bound, Params } from "../../models/params";
import type { Weights } from "../../models/weights";
import type { Frozen } from "../dino/evaluate";
import type { HandedOver, Sources } from "../task";
import type { MaeNetwork, Target } from "./network";

/** How square images are cut into patches. */
export interface Cut {
  image: number;
  patch: number;
  channels: number;
}

export const cellsAcross = ({ image, patch }: Cut): number => image / patch;

/** A batch on a graph, and what of it is hidden. */
export interface Masked {
  /** f32 [B, C, S, S]. */
  images: Tensor;
  left: Left;
  /** f32 [B N], 1 hidden, 0 seen; so many are. */
  hidden: { hidden: Tensor; count: number };
}

export interface Autoencoder {
  readonly cut: Cut;
  /** Fresh weights of encoder and decoder. */
  fresh(seed: number): Weights;
  /** Whether a parameter learns. */
  learns(name: string): boolean;
  /**
   * What the decoder tells of a batch that is trained on or only looked at: what all patches look like, rows of pixels [B N, C P P] in the
   * order of `patches`; or where it learns features, those of all tokens [B (1 + N), F].
   */
  tell(params: Bound, masked: Masked, options: { training: boolean }): Tensor;
  /** The patches of images f32 [B, C, S, S] as rows of pixels. No gradient. */
  patches(images: Tensor): Tensor;
  /** Whether a patch's pixels come channel by channel, [C, P, P], or pixel by pixel, [P, P, C]. */
  readonly pixels: "planes" | "interleaved";
  /** The encoder's features of whole images. */
  features(params: Params): Frozen;
  /** The encoder alone, under the names of its file. */
  encoder(weights: Weights): Weights;
  /** As a file that a student may begin as; a vision transformer that tells pixels of this target may be a teacher, too. */
  write(weights: Weights, dataset: Dataset, told: { target: Target; score?: number }): Uint8Array;
  /** Throws an EngineError where there is no such file. */
  onnx(weights: Weights, dataset: Dataset): Uint8Array;
  /** With the teacher, where there is one. Throws an EngineError where nothing is handed over. */
  handedOver(weights: Weights, sources: Sources<Dataset, MaeNetwork>): HandedOver;
}
