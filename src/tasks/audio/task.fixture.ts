/** A small audio task: generated sounds, a student's settings, a teacher that has learned nothing. */
import { generatedSounds } from "../../data/sounds.generated";
import { initViT, type ViTConfig } from "../../models/vit/config";
import { SCHEMA } from "..";
import type { Network } from "../vitNetwork";

export const dataset = generatedSounds({ side: 8, train: 24, test: 12, seed: 3 });
export const SETTINGS = {
  ...SCHEMA.defaults("ast"),
  ...{ side: 8, frames: 12, patch: 4, stride: 4, width: 16, depth: 2, heads: 2, batch: 3, steps: 10, seed: 5, keep: 0.5 },
};

export const CONFIG: ViTConfig = {
  ...{ family: "ast", image: 8, columns: 12, patch: 4, stride: 2, channels: 1, classes: dataset.classes.length },
  ...{ width: 12, depth: 2, heads: 2, headDim: 6, mlp: 24, activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
};
const { classes, moments } = dataset;
/** Its weights are large enough for attention to prefer something. */
const weights = initViT(CONFIG, 2);
export const teacher: Network = { id: "t", name: "teacher", weights, config: CONFIG, classes, moments };
