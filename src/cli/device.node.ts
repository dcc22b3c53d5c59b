/**
 * WebGPU in Node through Dawn (npm `webgpu`), for tests, benchmarks and headless training.
 *
 * Two facts about the binding shape this file: the object `create()` returns must stay referenced for as long as any
 * device lives, and pending promises are polled through `setImmediate` without a pause, which costs a whole core on a
 * software adapter, so the poll is slowed to one per millisecond.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let gpu: GPU | undefined;

/** The process-wide `GPU` object, made on first use. Also defines the WebGPU globals (`GPUBufferUsage`, ...). */
export async function nodeGPU(): Promise<GPU> {
  if (gpu) return gpu;
  process.env.XDG_RUNTIME_DIR ??= mkdtempSync(join(tmpdir(), "mdp-xdg-"));
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  gpu = create([]);
  slowPolls();
  return gpu;
}

function slowPolls(): void {
  const patient = (fn: (...args: unknown[]) => void, ...args: unknown[]) => setTimeout(fn, 1, ...args);
  globalThis.setImmediate = patient as unknown as typeof setImmediate;
}
