/** What of audio needs the GPU. */
import type { SoundSet } from "../../data/sounds";
import { measure } from "../classification/evaluate";
import { fitted } from "../classification/fitted";
import { Classification } from "../classification/task";
import type { TaskRuntime } from "../definition";
import { describeViT, type Network, readNetwork, writeNetwork, writeOnnx } from "../vitNetwork";
import { AudioMonitor } from "./monitor";
import { SPECTROGRAMS, spectrograms } from "./spectrograms";

export const runtime: TaskRuntime<SoundSet, Network, Classification> = {
  networks: {
    read: readNetwork,
    write: async (task, dataset, score) => writeNetwork({ weights: await task.weights(), config: task.config, score }, dataset),
    onnx: async (task, dataset) => writeOnnx({ weights: await task.weights(), config: task.config }, dataset),
    assertFits: (network, dataset) => void fitted(network, asSeenBy(network, dataset)),
    measure: (engine, network, dataset) => measure(engine, network, asSeenBy(network, dataset)),
    describe: ({ config }) => `AST, ${describeViT(config)}`,
    async readGuide(bytes, name, hints) {
      const network = await readNetwork(bytes, name, hints);
      return { network, kind: describeViT(network.config) };
    },
  },
  create(engine, { dataset, ...sources }, settings, live) {
    const pictures = spectrograms(dataset, Number(settings.frames));
    return new Classification(engine, { ...sources, dataset: pictures }, settings, live, SPECTROGRAMS);
  },
  monitor: (watched) => new AudioMonitor(watched),
};

/** The sounds in as many frames as the network takes. */
const asSeenBy = ({ config: { image, columns = image } }: Network, dataset: SoundSet) => spectrograms(dataset, columns);
