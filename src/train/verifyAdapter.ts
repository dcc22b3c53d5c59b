/** All that can be said of an adapter without a run: whether its kernels are right, which suit it, and how fast a step is. */
import type { Engine } from "../engine/device";
import { inWords, type TuneRecord } from "../ops/tune";
import { choice } from "../ops/variants";
import { countOf, type Proofs, type Verdict, verify } from "../ops/verify";
import { STANDARD, type Workload, workload } from "../tasks/standardStep";
import { Optimizer } from "./optimizer";
import { optimizerProofs } from "./optimizer.proofs";
import { compileStep } from "./step";

/** The speed of a step, in milliseconds and images per second. */
export interface Speed {
  ms: number;
  imagesPerSecond: number;
  /** Of the first step. */
  loss: number;
}

/** What is known once all kernels were held against their references. */
export interface AdapterReport {
  final: true;
  adapter: string;
  /** Kernel variants held against their references, and those that were wrong. */
  checked: number;
  failed: number;
  /** The variants in force, in the words that `kernels=` takes. */
  kernels: string;
  images_per_s: number;
  /** What the tuner measured, where it did: milliseconds by family, class of shapes and variant. */
  times?: TuneRecord["times"];
}

/** A step is timed for so long, and at least so often. */
const TIMED_MS = 1000;
const [LEAST, MOST] = [3, 50];

/** Times a step. */
export async function stepSpeed(engine: Engine, { batch, make }: Workload = workload(STANDARD)): Promise<Speed> {
  const step = make(engine);
  const optimizer = new Optimizer(step.params, { kind: "adamw" });
  try {
    const program = await compileStep(engine, (graph) => step.trace(graph), optimizer);
    optimizer.advance();
    const loss = step.loss(await program.fetch());
    const times: number[] = [];
    for (let spent = 0; times.length < LEAST || (spent < TIMED_MS && times.length < MOST); spent += times.at(-1) as number) {
      optimizer.advance();
      times.push(await program.time());
    }
    program.dispose();
    const ms = times.sort((a, b) => a - b)[times.length >> 1];
    return { ms, imagesPerSecond: (1000 * batch) / ms, loss };
  } finally {
    optimizer.destroy();
    step.destroy();
  }
}

/** What is proven besides ops. */
const further = (engine: Engine): Proofs => ({ optimizer: optimizerProofs(engine.facts) });

/** How many verdicts `verifyAdapter` will tell. */
export const verdictCount = (engine: Engine): number => countOf(engine, further(engine));

/** Verifies every kernel variant and times the standard step, with the choice in force. `told` hears each verdict; `only` names one family. */
export async function verifyAdapter(engine: Engine, told: (verdict: Verdict) => void, only?: string): Promise<AdapterReport> {
  let [checked, failed] = [0, 0];
  for await (const verdict of verify(engine, only, further(engine))) {
    checked++;
    if (verdict.wrong) failed++;
    told(verdict);
  }
  const { imagesPerSecond } = await stepSpeed(engine);
  const kernels = inWords(choice(engine));
  return { final: true, adapter: engine.facts.name, checked, failed, kernels, images_per_s: Math.round(10 * imagesPerSecond) / 10 };
}
