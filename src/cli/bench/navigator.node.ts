/** Node's WebGPU put where libraries written for browsers look for it: `navigator.gpu`. Node 20 has no `navigator` at all. */
import { nodeGPU } from "../device.node";

export async function offerGPU(): Promise<GPU> {
  const gpu = await nodeGPU();
  if (!globalThis.navigator) Object.defineProperty(globalThis, "navigator", { value: { userAgent: "node" }, configurable: true });
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });
  return gpu;
}
