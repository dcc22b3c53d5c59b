/** A data set on its way to a teacher elsewhere, which answers for each image: the images, and a script in PyTorch that asks. */
import { EngineError } from "../engine/errors";
import type { TaskRuntime } from "../tasks/definition";
import type { AnyDataset } from "../tasks/task";
import type { Project } from "./project";
import { filesIn } from "./templates";

/** Of the files that every project has. */
const NEEDED = "tensors.py";

/** The files. Throws an EngineError for a task whose students learn from no saved answers. */
export function answersProject({ networks }: TaskRuntime, dataset: AnyDataset): Project {
  if (!networks.questions)
    throw new EngineError(
      "Only classification of images learns from saved answers.",
      "Leave answers= out, or choose its preset, maskedkd.",
    );
  const files = [...filesIn("answers"), ...filesIn().filter(([name]) => name === NEEDED)];
  const texts = files.map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
  return new Map([...texts, ["images.safetensors", networks.questions(dataset)]]);
}
