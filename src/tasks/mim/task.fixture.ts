/** A small masked autoencoder, and a smaller one that learns from it: generated images, and settings. */

import { scenes } from "../../data/scenes";
import { initMae } from "../../models/mae";
import { SCHEMA } from "..";
import { writeMae } from "./network";

export const dataset = scenes({ side: 16, train: 24, test: 6, seed: 3 });
const SHARED = { side: 16, patch: 4, batch: 4, steps: 40, seed: 5 };
export const SETTINGS = {
  ...{ ...SCHEMA.defaults("mim"), ...SHARED },
  ...{ width: 16, depth: 2, heads: 2, "mim.decoderWidth": 12, "mim.decoderDepth": 1, "mim.decoderHeads": 2 },
};
export const G2SD = {
  ...{ ...SCHEMA.defaults("g2sd"), ...SHARED },
  ...{ width: 8, depth: 1, heads: 2, "g2sd.decoderWidth": 8, "g2sd.decoderDepth": 1, "g2sd.decoderHeads": 2 },
};

/** The file of a masked autoencoder that has learned nothing, for images of this side. */
export function teacherFile(side = 16): Uint8Array {
  const encoder = {
    ...{ image: side, patch: 4, channels: 3, classes: 0, width: 16, depth: 2, heads: 2, headDim: 8, mlp: 64 },
    ...{ activation: "gelu" as const, qkvBias: true, projBias: true, eps: 1e-6 },
  } as const;
  const config = { encoder, decoder: { width: 12, depth: 1, heads: 2 } };
  return writeMae(initMae(config, 5), config, "normalised", dataset);
}
