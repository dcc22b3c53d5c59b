/** Knobs that methods of masked image modelling share: how much is hidden, and the decoder that tells it. */
import { number } from "../../settings/setting";

export const KNOBS = {
  ratio: number({
    label: "Hidden share",
    help: "Share of the patches that is hidden, others in every step. MAE: 0.75, SparK: 0.6.",
    ...{ default: 0.75, min: 0.05, max: 0.95, when: "live", records: true, group: "mask", essential: true },
  }),
  decoderWidth: number({
    label: "Decoder width",
    help: "Numbers per token of the decoder; a multiple of its heads. MAE: 512.",
    ...{ default: 48, min: 8, max: 512, integer: true, when: "next", group: "student" },
  }),
  decoderDepth: number({
    label: "Decoder blocks",
    help: "Transformer blocks of MAE's decoder. There: 8.",
    ...{ default: 2, min: 1, max: 12, integer: true, when: "next", group: "student" },
  }),
  decoderHeads: number({
    label: "Decoder heads",
    help: "Attention heads of MAE's decoder.",
    ...{ default: 4, min: 1, max: 16, integer: true, when: "next", group: "student" },
  }),
};
