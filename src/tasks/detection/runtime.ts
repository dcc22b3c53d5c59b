/** What of detection needs the GPU. */
import type { DetectionSet } from "../../data/detection";
import type { TaskRuntime } from "../definition";
import { changesOf, sizesOf } from "./beginning";
import { measureDetector } from "./evaluate";
import { DetectionMonitor } from "./monitor";
import { assertTakes, type DetectorNetwork, describeDetector, readDetector, writeDetector, writeDetectorOnnx } from "./network";
import { type DetectionSettings, teacherKind } from "./settings";
import { DetectionTask } from "./task";

export const runtime: TaskRuntime<DetectionSet, DetectorNetwork, DetectionTask> = {
  networks: {
    read: readDetector,
    write: async (task, dataset, score) => writeDetector({ weights: await task.weights(), config: task.config, score }, dataset),
    onnx: async (task, dataset) => writeDetectorOnnx({ weights: await task.weights(), config: task.config }, dataset),
    assertFits: assertTakes,
    measure: measureDetector,
    suits: ({ config }, settings) => config.kind === teacherKind(settings as DetectionSettings),
    describe: describeDetector,
    sizesOf,
    changesOf,
  },
  create: (engine, sources, settings, live) => new DetectionTask(engine, sources, settings as DetectionSettings, live),
  monitor: (watched) => new DetectionMonitor(watched),
};
