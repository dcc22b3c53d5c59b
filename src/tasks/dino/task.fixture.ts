/** A small self-distillation: generated images and the settings of a small pair. */
import { scenes } from "../../data/scenes";
import { SCHEMA } from "..";

export const dataset = scenes({ side: 16, train: 24, test: 6, seed: 3 });
export const SETTINGS = {
  ...SCHEMA.defaults("dino"),
  ...{ side: 16, localSide: 8, patch: 4, width: 16, depth: 2, heads: 2, outputs: 20, hidden: 24, bottleneck: 8 },
  ...{ batch: 3, crops: 2, steps: 10, seed: 5, keep: 0.5 },
};
