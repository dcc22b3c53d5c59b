/** Self-distillation: a vision transformer learns from its own running mean, without labels. */
import type { Dataset } from "../../data/dataset";
import { SELF_METHODS } from "../../methods/dino";
import type { TaskDefinition } from "../definition";
import { FASHION, SCENES, SHAPES } from "../imageSets";
import type { Network } from "../vitNetwork";
import { conflictsOf } from "./conflicts";
import { ROWS } from "./rows";
import { type DinoSettings, SETTINGS } from "./settings";
import type { SelfDistillation } from "./task";

export const dino: TaskDefinition<Dataset, Network, SelfDistillation> = {
  name: "dino",
  verb: "learns without labels",
  made: "teacher",
  metric: "knn_top1",
  settings: SETTINGS,
  methods: SELF_METHODS,
  rows: ROWS,
  generated: {
    ...{ page: { train: 8000, test: 1000 }, cli: { train: 20_000, test: 2000 } },
    sets: { scenes: SCENES, shapes: SHAPES },
  },
  samples: { fashion: FASHION },
  hub: () => import("../hubSets").then(({ IMAGES }) => IMAGES),
  sizes: {},
  stepFirst: true,
  onnx: true,
  conflicts: (settings) => conflictsOf(settings as DinoSettings),
  data: () => import("../imageData").then(({ data }) => data),
  runtime: () => import("./runtime").then(({ runtime }) => runtime),
};
