/** What of self-distillation needs the GPU. */
import type { Dataset } from "../../data/dataset";
import type { TaskRuntime } from "../definition";
import { describeViT, type Network, readNetwork, writeNetwork, writeOnnx } from "../vitNetwork";
import { assertTakes, measure } from "./evaluate";
import { DinoMonitor } from "./monitor";
import { SelfDistillation } from "./task";

export const runtime: TaskRuntime<Dataset, Network, SelfDistillation> = {
  networks: {
    read: readNetwork,
    write: async (task, dataset, score) => writeNetwork({ weights: await task.weights(), config: task.config, score }, dataset),
    onnx: async (task, dataset) => writeOnnx({ weights: await task.weights(), config: task.config }, dataset),
    assertFits: assertTakes,
    measure,
    describe: ({ config }) => describeViT(config),
  },
  create: (engine, sources, settings, live) => new SelfDistillation(engine, sources, settings, live),
  monitor: (watched) => new DinoMonitor(watched),
};
