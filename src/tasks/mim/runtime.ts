/** What of masked image modelling needs the GPU. */
import type { Dataset } from "../../data/dataset";
import type { TaskRuntime } from "../definition";
import { assertTakes, measure } from "../dino/evaluate";
import { describeViT, type Network, readNetwork, writeNetwork, writeOnnx } from "../vitNetwork";
import { MimMonitor } from "./monitor";
import { MaskedModelling } from "./task";

export const runtime: TaskRuntime<Dataset, Network, MaskedModelling> = {
  networks: {
    read: readNetwork,
    write: async (task, dataset, score) => writeNetwork({ weights: await task.weights(), config: task.config, score }, dataset),
    onnx: async (task, dataset) => writeOnnx({ weights: await task.weights(), config: task.config }, dataset),
    assertFits: assertTakes,
    measure,
    describe: ({ config }) => describeViT(config),
  },
  create: (engine, sources, settings, live) => new MaskedModelling(engine, sources, settings, live),
  monitor: (watched) => new MimMonitor(watched),
};
