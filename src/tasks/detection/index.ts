/** What detection declares. Code that reads files or needs the GPU is loaded when it is wanted. */
import type { DetectionSet } from "../../data/detection";
import { DETECTION_METHODS } from "../../methods/detection";
import type { Settings } from "../../settings/run";
import type { TaskDefinition } from "../definition";
import { conflictsOf } from "./conflicts";
import type { DetectorNetwork } from "./network";
import { ROWS } from "./rows";
import { type DetectionSettings, SETTINGS, teacherKind } from "./settings";
import type { DetectionTask } from "./task";

/** The file of the teacher for students of such settings: one comes with the program for each kind of detector. */
const shipped = (settings: Settings): string => `teacher-${teacherKind(settings as DetectionSettings)}.safetensors`;

/** How the shipped teachers were trained. */
const TRAINING = { lr: 0.002, decay: 0.02 };

export const detection: TaskDefinition<DetectionSet, DetectorNetwork, DetectionTask> = {
  name: "detection",
  verb: "finds objects",
  metric: "map",
  settings: SETTINGS,
  methods: DETECTION_METHODS,
  rows: ROWS,
  generated: {
    page: { train: 4000, test: 200 },
    cli: { train: 4000, test: 400 },
    sets: { scenes: { about: "one object or more on each picture, with boxes", shipped } },
  },
  hub: () => import("../hubSets").then(({ BOXES }) => BOXES),
  sizes: {
    tiny: { stem: 12, blocks: 1, channels: 24, stacked: 1, ...TRAINING },
    small: { stem: 16, blocks: 1, channels: 32, stacked: 1, ...TRAINING },
    medium: { stem: 16, blocks: 2, channels: 32, stacked: 2, ...TRAINING },
    large: { stem: 32, blocks: 3, channels: 64, stacked: 3, ...TRAINING },
  },
  teacherKind: (settings) => ({ detector: teacherKind(settings as DetectionSettings) }),
  readsUnasked: true,
  stepFirst: false,
  onnx: true,
  conflicts: conflictsOf,
  studies: () => import("./studies").then(({ studies }) => studies),
  data: () => import("./data").then(({ data }) => data),
  runtime: () => import("./runtime").then(({ runtime }) => runtime),
};
