/** The one way an op is proven in tests: run it on Node's GPU, compare values and gradients with a float64 reference. */
import { nodeGPU } from "../cli/device.node";
import { type Engine, type EngineOptions, openEngine } from "../engine/device";
import { type Check, compare, expected, observed } from "./evidence";

export { type Check, compare, type Input, randoms, upload } from "./evidence";

const engines = new Map<string, Promise<Engine>>();

/** An engine on Node's adapter, shared by the tests of one process. */
export function testEngine(options: EngineOptions = {}): Promise<Engine> {
  const key = JSON.stringify(options);
  let engine = engines.get(key);
  if (!engine) {
    engine = nodeGPU().then((gpu) => openEngine(gpu, options));
    engines.set(key, engine);
  }
  return engine;
}

/**
 * Runs a check; throws with the worst element when values or gradients disagree. Gradients may stray ten times as far. What is checked
 * in several variants is one `spec`, so that its reference is computed once; of some of them, `tolerance` may be another.
 */
export async function check(engine: Engine, spec: Check, tolerance = spec.tolerance ?? 1e-5): Promise<void> {
  const found = await observed(engine, spec);
  for (const [i, { what, values, gradient }] of expected(spec).entries())
    compare(what, found[i].values, values, gradient ? 10 * tolerance : tolerance);
}
