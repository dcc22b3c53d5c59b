/** What a run makes, as an ONNX file: not of every task. */
import { EngineError } from "../engine/errors";
import type { TaskRuntime } from "./definition";
import type { AnyDataset, Task } from "./task";

/** The file. Throws an EngineError as `assertOnnx` does. */
export async function onnxOf(runtime: TaskRuntime, task: Task, dataset: AnyDataset): Promise<Uint8Array> {
  assertOnnx(runtime);
  return runtime.networks.onnx!(task, dataset);
}

/** Throws an EngineError for a task whose networks are not written as ONNX. */
export function assertOnnx({ networks }: TaskRuntime): void {
  if (networks.onnx) return;
  throw new EngineError(
    "ONNX files are written of vision transformers that name images or sounds, or give features, and of detectors. Segmenters are not written yet.",
    "Download the weights as safetensors, or hand the run over to PyTorch.",
  );
}
