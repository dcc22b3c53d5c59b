/** Classification: a vision transformer learns to name images from a masked teacher. */
import type { Dataset } from "../../data/dataset";
import { CLASSIFICATION_METHODS } from "../../methods/classification";
import { asksGuide } from "../../methods/masking";
import type { TaskDefinition } from "../definition";
import { FASHION, SCENES, SHAPES } from "../imageSets";
import { VIT_SIZES } from "../widths";
import type { Teacher } from "./answers";
import { conflictsOf } from "./conflicts";
import { ROWS } from "./rows";
import { type ClassificationSettings, SETTINGS } from "./settings";
import type { Classification } from "./task";

export const classification: TaskDefinition<Dataset, Teacher, Classification> = {
  name: "classification",
  verb: "classifies images",
  metric: "top1",
  rateNames: { student: "student_top1", teacher: "teacher_top1" },
  settings: SETTINGS,
  methods: CLASSIFICATION_METHODS,
  rows: ROWS,
  generated: {
    ...{ page: { train: 8000, test: 1000 }, cli: { train: 20_000, test: 2000 } },
    sets: {
      scenes: { ...SCENES, shipped: "teacher-scenes.safetensors" },
      shapes: { ...SHAPES, shipped: "teacher-shapes.safetensors" },
    },
  },
  samples: { fashion: { ...FASHION, shipped: "teacher-fashion.safetensors" } },
  hub: () => import("../hubSets").then(({ IMAGES }) => IMAGES),
  sizes: VIT_SIZES,
  readsUnasked: true,
  stepFirst: true,
  onnx: true,
  conflicts: (settings) => conflictsOf(settings as ClassificationSettings),
  asksGuide: (settings) => asksGuide((settings as ClassificationSettings).criterion),
  studies: async () => (await import("./studies")).studies,
  data: async () => (await import("../imageData")).data,
  runtime: async () => (await import("./runtime")).runtime,
};
