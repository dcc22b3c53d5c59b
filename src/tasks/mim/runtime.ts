/** What of masked image modelling needs the GPU. */
import type { Dataset } from "../../data/dataset";
import type { TaskRuntime } from "../definition";
import { assertTakes, measure } from "../dino/evaluate";
import { MimMonitor } from "./monitor";
import { describeMae, type MaeNetwork, readMae } from "./network";
import { MaskedModelling } from "./task";

export const runtime: TaskRuntime<Dataset, MaeNetwork, MaskedModelling> = {
  networks: {
    read: readMae,
    write: (task, _, score) => task.file(score),
    onnx: async (task, dataset) => task.network.onnx(await task.params.read(), dataset),
    assertFits: assertTakes,
    measure: (engine, network, dataset) => measure(engine, network, dataset, "linear"),
    describe: describeMae,
  },
  create: (engine, sources, settings, live) => new MaskedModelling(engine, sources, settings, live),
  monitor: (watched) => new MimMonitor(watched),
};
