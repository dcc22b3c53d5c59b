/** A small segmentation: generated images, a student's settings, a teacher that has learned nothing. */
import { segmentationScenes } from "../../data/scenes.segmentation";
import { initSegmenter, type SegmenterConfig } from "../../models/segmenter/config";
import { SCHEMA } from "..";
import type { SegmenterNetwork } from "./network";

export const dataset = segmentationScenes({ side: 32, train: 12, test: 6, seed: 3 });
export const SETTINGS = { ...SCHEMA.defaults("segmenter"), width: 16, depth: 2, heads: 2, batch: 3, side: 32, steps: 10, seed: 5 };

export const CONFIG: SegmenterConfig = {
  encoder: {
    ...{ image: 32, patch: 8, channels: 3, classes: 0, width: 24, depth: 2, heads: 2, headDim: 12, mlp: 48 },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  },
  classes: dataset.classes.length,
  decoder: { kind: "linear" },
};
const { classes, moments } = dataset;
export const teacher: SegmenterNetwork = { id: "t", name: "teacher", weights: initSegmenter(CONFIG, 2), config: CONFIG, classes, moments };
