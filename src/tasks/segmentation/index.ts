/** Segmentation: a Segmenter learns to name every pixel from a masked teacher. */
import type { SegmentationSet } from "../../data/segmentation";
import { SEGMENTATION_METHODS } from "../../methods/segmentation";
import type { TaskDefinition } from "../definition";
import { widthConflict } from "../widths";
import type { SegmenterNetwork } from "./network";
import { ROWS } from "./rows";
import { SETTINGS, type SegmentationSettings } from "./settings";
import type { Segmentation } from "./task";

/** How the shipped teacher was trained. */
const TRAINING = { lr: 0.002, decay: 0.02 };

export const segmentation: TaskDefinition<SegmentationSet, SegmenterNetwork, Segmentation> = {
  name: "segmentation",
  verb: "classifies pixels",
  metric: "miou",
  settings: SETTINGS,
  methods: SEGMENTATION_METHODS,
  rows: ROWS,
  generated: {
    page: { train: 4000, test: 200 },
    cli: { train: 4000, test: 400 },
    sets: { scenes: { about: "several objects on each picture, with a class for every pixel", shipped: "teacher-segmenter.safetensors" } },
  },
  sizes: {
    tiny: { width: 48, depth: 3, heads: 3, ...TRAINING },
    small: { width: 64, depth: 4, heads: 4, ...TRAINING },
    medium: { width: 96, depth: 5, heads: 4, ...TRAINING },
    large: { width: 192, depth: 8, heads: 6, ...TRAINING },
  },
  stepFirst: true,
  conflicts: (settings) => widthConflict(settings as SegmentationSettings),
  data: () => import("./data").then(({ data }) => data),
  runtime: () => import("./runtime").then(({ runtime }) => runtime),
};
