/** What of classification needs the GPU. */
import type { Dataset } from "../../data/dataset";
import type { TaskRuntime } from "../task";
import { describeViT, type Network, readNetwork, writeNetwork, writeOnnx } from "../vitNetwork";
import { sizesOf } from "./beginning";
import { measure } from "./evaluate";
import { adaptations, assertAsItIs, fitted } from "./fitted";
import { ClassificationMonitor } from "./monitor";
import { Classification } from "./task";

export const runtime: TaskRuntime<Dataset, Network, Classification> = {
  networks: {
    read: readNetwork,
    write: async (task, dataset, score) => writeNetwork({ weights: await task.weights(), config: task.config, score }, dataset),
    onnx: async (task, dataset) => writeOnnx({ weights: await task.weights(), config: task.config }, dataset),
    assertFits(network, dataset, asItIs) {
      fitted(network, dataset);
      if (asItIs) assertAsItIs(network, dataset);
    },
    adaptations,
    sizesOf,
    measure,
    describe: ({ config }) => describeViT(config),
    async readGuide(bytes, name, hints) {
      const network = await readNetwork(bytes, name, hints);
      return { network, kind: describeViT(network.config) };
    },
  },
  create: (engine, sources, settings, live) => new Classification(engine, sources, settings, live),
  monitor: (watched) => new ClassificationMonitor(watched),
};
