/** What of classification needs the GPU. */
import type { Dataset } from "../../data/dataset";
import { EngineError } from "../../engine/errors";
import type { TaskRuntime } from "../definition";
import { describeViT, type Network, readNetwork, writeNetwork, writeOnnx } from "../vitNetwork";
import { areAnswers, assertAnswersFit, isAnswersFile, questions, readAnswers, rightAnswers, type Teacher } from "./answers";
import { sizesOf } from "./beginning";
import { measure } from "./evaluate";
import { adaptations, assertAsItIs, fitted } from "./fitted";
import { ClassificationMonitor } from "./monitor";
import { Classification } from "./task";

const OF_ANSWERS = "Its answers are to the images as they are: augmentation is not allowed, and nothing is masked.";

export const runtime: TaskRuntime<Dataset, Teacher, Classification> = {
  networks: {
    read: async (bytes, name, hints) => (isAnswersFile(bytes, name) ? readAnswers(bytes, name) : readNetwork(bytes, name, hints)),
    write: async (task, dataset, score) => writeNetwork({ weights: await task.weights(), config: task.config, score }, dataset),
    onnx: async (task, dataset) => writeOnnx({ weights: await task.weights(), config: task.config }, dataset),
    questions,
    assertFits(teacher, dataset, asItIs) {
      if (areAnswers(teacher)) return assertAnswersFit(teacher, dataset);
      fitted(teacher, dataset);
      if (asItIs) assertAsItIs(teacher, dataset);
    },
    adaptations: (teacher, dataset) => (areAnswers(teacher) ? [OF_ANSWERS] : adaptations(teacher, dataset)),
    sizesOf: (start, wanted) => sizesOf(networkOf(start), wanted),
    async measure(engine, teacher, dataset) {
      if (!areAnswers(teacher)) return measure(engine, teacher, dataset);
      assertAnswersFit(teacher, dataset);
      return rightAnswers(teacher, dataset);
    },
    describe: (teacher) => (areAnswers(teacher) ? "saved answers" : describeViT(teacher.config)),
    async readGuide(bytes, name, hints) {
      const network = await readNetwork(bytes, name, hints);
      return { network, kind: describeViT(network.config) };
    },
  },
  create: (engine, { start, ...sources }, settings, live) =>
    new Classification(engine, { ...sources, start: start && networkOf(start) }, settings, live),
  monitor: (watched) => new ClassificationMonitor(watched),
};

function networkOf(start: Teacher): Network {
  if (!areAnswers(start)) return start;
  throw new EngineError(`${start.name} holds answers, and no student can begin as those.`, "Name a network's weights.");
}
