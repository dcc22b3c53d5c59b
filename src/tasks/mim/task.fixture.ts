/** A small masked autoencoder: generated images, and settings. */
import { scenes } from "../../data/scenes";
import { SCHEMA } from "..";

export const dataset = scenes({ side: 16, train: 24, test: 6, seed: 3 });
export const SETTINGS = {
  ...SCHEMA.defaults("mim"),
  ...{ side: 16, patch: 4, width: 16, depth: 2, heads: 2, "mim.decoderWidth": 12, "mim.decoderDepth": 1, "mim.decoderHeads": 2 },
  ...{ batch: 4, steps: 40, seed: 5 },
};
