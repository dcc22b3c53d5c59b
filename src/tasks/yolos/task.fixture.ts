/** A small detection by transformer: generated images, a student's settings, a teacher that has learned nothing. */
import { detectionScenes } from "../../data/scenes.detection";
import { initYolos, type YolosConfig } from "../../models/yolos/config";
import { SCHEMA } from "..";
import type { YolosNetwork } from "./network";

export const dataset = detectionScenes({ side: 32, train: 12, test: 6, seed: 3 });
export const SETTINGS = {
  ...SCHEMA.defaults("yolos"),
  ...{ width: 16, depth: 2, heads: 2, detTokens: 5, batch: 3, side: 32, steps: 10, seed: 5 },
};

export const CONFIG: YolosConfig = {
  encoder: {
    ...{ image: 32, patch: 8, channels: 3, classes: 0, width: 24, depth: 2, heads: 2, headDim: 12, mlp: 48 },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  },
  ...{ tokens: 5, classes: dataset.classes.length },
};
const { classes, moments } = dataset;
export const teacher: YolosNetwork = { id: "t", name: "teacher", weights: initYolos(CONFIG, 2), config: CONFIG, classes, moments };
