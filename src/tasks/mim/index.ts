/** Masked image modelling: a network learns without labels what the hidden patches of an image look like. */
import type { Dataset } from "../../data/dataset";
import { MIM_METHODS } from "../../methods/mim";
import type { TaskDefinition } from "../definition";
import { FASHION, SCENES, SHAPES } from "../imageSets";
import { conflictsOf } from "./conflicts";
import type { MaeNetwork } from "./network";
import { type MimSettings, SETTINGS } from "./settings";
import type { MaskedModelling } from "./task";

export const mim: TaskDefinition<Dataset, MaeNetwork, MaskedModelling> = {
  name: "mim",
  verb: "tells hidden patches",
  metric: "linear_top1",
  settings: SETTINGS,
  methods: MIM_METHODS,
  generated: {
    ...{ page: { train: 8000, test: 1000 }, cli: { train: 20_000, test: 2000 } },
    sets: { scenes: SCENES, shapes: SHAPES },
  },
  samples: { fashion: FASHION },
  hub: () => import("../hubSets").then(({ IMAGES }) => IMAGES),
  shares: ["patch"],
  teacherKind: () => ({ preset: "mim" }),
  sizes: {
    tiny: { width: 64, depth: 4, heads: 4 },
    small: { width: 96, depth: 5, heads: 4 },
    medium: { width: 144, depth: 6, heads: 6 },
    large: { width: 192, depth: 8, heads: 6 },
  },
  stepFirst: true,
  onnx: true,
  conflicts: (settings) => conflictsOf(settings as MimSettings),
  data: () => import("../imageData").then(({ data }) => data),
  runtime: () => import("./runtime").then(({ runtime }) => runtime),
};
