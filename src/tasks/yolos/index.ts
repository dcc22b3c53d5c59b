/** Detection by transformer: a YOLOS learns to find objects from a masked teacher. Its data are detection's. */
import type { DetectionSet } from "../../data/detection";
import { YOLOS_METHODS } from "../../methods/yolos";
import type { TaskDefinition } from "../definition";
import { VIT_SIZES, widthConflict } from "../widths";
import type { YolosNetwork } from "./network";
import { ROWS } from "./rows";
import { SETTINGS, type YolosSettings } from "./settings";
import type { Yolos } from "./task";

export const yolos: TaskDefinition<DetectionSet, YolosNetwork, Yolos> = {
  name: "yolos",
  verb: "finds objects with tokens",
  metric: "map",
  settings: SETTINGS,
  methods: YOLOS_METHODS,
  rows: ROWS,
  generated: {
    page: { train: 4000, test: 200 },
    cli: { train: 4000, test: 400 },
    sets: { scenes: { about: "one object or more on each picture, with boxes" } },
  },
  hub: () => import("../hubSets").then(({ BOXES }) => BOXES),
  shares: ["patch", "detTokens"],
  sizes: VIT_SIZES,
  stepFirst: true,
  conflicts: (settings) => widthConflict(settings as YolosSettings),
  data: () => import("../detection/data").then(({ data }) => data),
  runtime: () => import("./runtime").then(({ runtime }) => runtime),
};
