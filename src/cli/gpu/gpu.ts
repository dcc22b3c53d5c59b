/**
 * `npm run gpu`: is this machine's GPU computing right, and how fast is it?
 *
 *   npm run -s gpu -- --check --json      every kernel variant beside its float64 reference
 */

import { verifyAdapter } from "../../train/verifyAdapter";
import { printer } from "../arguments";
import { nodeEngine } from "../headless";

const USAGE = "usage: gpu --check [--json] [kernels=FAMILY=VARIANT,...]";

export async function main(argv: string[]): Promise<number> {
  const unknown = argv.find((word) => !["--check", "--json"].includes(word) && !word.startsWith("kernels="));
  if (unknown || !argv.includes("--check")) {
    console.error(unknown ? `gpu: ${unknown} is unknown. ${USAGE}` : USAGE);
    return 2;
  }
  return check(argv.includes("--json"), argv.find((word) => word.startsWith("kernels="))?.slice("kernels=".length));
}

/** Prints a line for each kernel variant, and a last one; the exit status says whether any is wrong. */
async function check(json: boolean, kernels?: string): Promise<number> {
  const print = printer(json);
  const engine = await nodeEngine(kernels);
  const report = await verifyAdapter(engine, print);
  print(report);
  return report.failed ? 1 : 0;
}
