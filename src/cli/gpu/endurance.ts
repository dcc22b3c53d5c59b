/** Whether an adapter computes the same for thousands of steps, and what it says when its memory is too small. */
import { createHash } from "node:crypto";
import type { Engine } from "../../engine/device";
import { EngineError } from "../../engine/errors";
import { planMemory } from "../../engine/memory";
import { STANDARD, type StandardOptions, standardStep, workload } from "../../tasks/standardStep";
import { Optimizer } from "../../train/optimizer";
import { compileStep, recordStep } from "../../train/step";
import { stepSpeed } from "../../train/verifyAdapter";

/** Two runs of so many steps from the same beginning. */
export interface Soak {
  soak: "steps";
  steps: number;
  batch: number;
  /** Whether losses and weights have the same bits. */
  equal: boolean;
  loss: number;
  ms_per_step: number;
}

/** Losses are compared so often; between, steps are queued. */
const EVERY = 25;

export async function soak(engine: Engine, steps: number, options: StandardOptions = STANDARD): Promise<Soak> {
  const started = performance.now();
  const [once, twice] = [await trained(engine, steps, options), await trained(engine, steps, options)];
  const ms = (performance.now() - started) / (2 * steps);
  return { soak: "steps", steps, batch: options.batch, equal: once.bits === twice.bits, loss: once.loss, ms_per_step: ms };
}

/** A digest of a run's losses and of the weights it ends with. */
async function trained(engine: Engine, steps: number, options: StandardOptions): Promise<{ bits: string; loss: number }> {
  const step = standardStep(engine, options);
  const optimizer = new Optimizer(step.params, { kind: "adamw" });
  const program = await compileStep(engine, (graph) => step.trace(graph), optimizer);
  const hash = createHash("sha256");
  let loss = Number.NaN;
  for (let i = 1; i <= steps; i++) {
    optimizer.advance();
    if (i % EVERY !== 0 && i !== steps) {
      program.run();
      continue;
    }
    const fetched = await program.fetch();
    loss = step.loss(fetched);
    hash.update(`${loss} `);
  }
  for (const [name, { data }] of await step.params.read())
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  program.dispose();
  optimizer.destroy();
  step.destroy();
  return { bits: hash.digest("hex"), loss };
}

/** Batches twice as large, again and again, until one is refused. */
export interface Doubling {
  soak: "memory";
  /** The largest batch whose step ran, and the one that was refused; null when every batch ran that was tried. */
  batch: number;
  refused: number | null;
  /** In which words. */
  why?: string;
  /** Whether the first batch has the same loss afterwards, on the same device. */
  goes_on: boolean;
}

const MOST_BATCH = 2 ** 20;

export async function doubling(engine: Engine, options: StandardOptions = STANDARD): Promise<Doubling> {
  const before = (await stepSpeed(engine, workload(options))).loss;
  let batch = 0;
  let [refused, why]: [number | null, string | undefined] = [null, undefined];
  for (let next = options.batch; next <= MOST_BATCH && refused === null; next *= 2) {
    why = await attempt(engine, { ...options, batch: next });
    if (why === undefined) batch = next;
    else refused = next;
  }
  engine.trim();
  const goesOn = !engine.failure && (await stepSpeed(engine, workload(options))).loss === before;
  return { soak: "memory", batch, refused, ...(why && { why }), goes_on: goesOn };
}

/** Runs one step; why it was refused, if it was. */
async function attempt(engine: Engine, options: StandardOptions): Promise<string | undefined> {
  const made: { destroy(): void }[] = [];
  try {
    engine.trim();
    const step = await engine.guarded(() => standardStep(engine, options));
    made.push(step);
    const optimizer = await engine.guarded(() => new Optimizer(step.params, { kind: "adamw" }));
    made.push(optimizer);
    engine.assertFits(planMemory(...recordStep(engine, (graph) => step.trace(graph), optimizer)).largest);
    const program = await compileStep(engine, (graph) => step.trace(graph), optimizer);
    made.push({ destroy: () => program.dispose() });
    optimizer.advance();
    const loss = step.loss(await program.fetch());
    return Number.isFinite(loss) ? undefined : `The loss of a batch of ${options.batch} is ${loss}.`;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.message;
  } finally {
    for (const thing of made.reverse()) thing.destroy();
  }
}
