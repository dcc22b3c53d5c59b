/** What of masked image modelling needs the GPU. */
import type { Dataset } from "../../data/dataset";
import type { TaskRuntime } from "../definition";
import { assertTakes, measure } from "../dino/evaluate";
import { describeViT, type Network, readNetwork } from "../vitNetwork";
import { MimMonitor } from "./monitor";
import { MaskedModelling } from "./task";

export const runtime: TaskRuntime<Dataset, Network, MaskedModelling> = {
  networks: {
    read: readNetwork,
    write: async (task, dataset, score) => task.network.write(await task.params.read(), dataset, score),
    onnx: async (task, dataset) => task.network.onnx(await task.params.read(), dataset),
    assertFits: assertTakes,
    measure,
    describe: ({ config }) => describeViT(config),
  },
  create: (engine, sources, settings, live) => new MaskedModelling(engine, sources, settings, live),
  monitor: (watched) => new MimMonitor(watched),
};
