/** What of detection by transformer needs the GPU. */
import type { DetectionSet } from "../../data/detection";
import type { TaskRuntime } from "../definition";
import { sizesOf } from "./beginning";
import { measure } from "./evaluate";
import { YolosMonitor } from "./monitor";
import { assertTakes, describeYolos, readNetwork, writeNetwork, type YolosNetwork } from "./network";
import { Yolos } from "./task";

export const runtime: TaskRuntime<DetectionSet, YolosNetwork, Yolos> = {
  networks: {
    read: readNetwork,
    write: async (task, dataset, score) => writeNetwork({ weights: await task.weights(), config: task.config, score }, dataset),
    assertFits: assertTakes,
    measure,
    describe: describeYolos,
    sizesOf,
  },
  create: (engine, sources, settings, live) => new Yolos(engine, sources, settings, live),
  monitor: (watched) => new YolosMonitor(watched),
};
