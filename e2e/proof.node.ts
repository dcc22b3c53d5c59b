/** The proof in Node: prints it as JSON. */
import { nodeGPU } from "../src/cli/device.node";
import { proof } from "./proof";

export async function main(): Promise<void> {
  console.log(JSON.stringify(await proof(await nodeGPU())));
}
