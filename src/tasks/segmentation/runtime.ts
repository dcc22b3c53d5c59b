/** What of segmentation needs the GPU. */
import type { SegmentationSet } from "../../data/segmentation";
import { counted } from "../counts";
import type { TaskRuntime } from "../definition";
import { measure } from "./evaluate";
import { SegmentationMonitor } from "./monitor";
import { assertTakes, readNetwork, type SegmenterNetwork, writeNetwork } from "./network";
import { Segmentation } from "./task";

export const runtime: TaskRuntime<SegmentationSet, SegmenterNetwork, Segmentation> = {
  networks: {
    read: readNetwork,
    write: async (task, dataset, score) => writeNetwork({ weights: await task.weights(), config: task.config, score }, dataset),
    assertFits: assertTakes,
    measure,
    describe: ({ config: { encoder, decoder } }) =>
      `Segmenter, width ${encoder.width}, ${counted(encoder.depth, "block")}, ${decoder.kind} decoder`,
  },
  create: (engine, sources, settings, live) => new Segmentation(engine, sources, settings, live),
  monitor: (watched) => new SegmentationMonitor(watched),
};
