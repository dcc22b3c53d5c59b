/** What a run learns before its first step; see `Beforehand` in the contract of tasks. */
import type { Engine } from "../engine/device";
import type { Beforehand } from "../tasks/task";
import { Optimizer, warmupCosine } from "./optimizer";
import { compileStep } from "./step";

/** How far it has come. */
export interface BeforehandReport {
  label: string;
  /** Steps made, of how many. */
  step: number;
  steps: number;
  losses: Record<string, number>;
}

export interface BeforehandOptions {
  /** The learning rate at first; it falls along half a cosine to a hundredth. */
  lr: number;
  told?: (report: BeforehandReport) => void;
}

/** Learns it from fresh values, by AdamW without decay: run again, it comes to the same. */
export async function learnBeforehand(engine: Engine, stage: Beforehand, { lr, told }: BeforehandOptions): Promise<void> {
  const { label, params, steps } = stage;
  stage.begin();
  const optimizer = new Optimizer(params, { kind: "adamw", clip: "all" });
  const program = await compileStep(engine, (graph) => stage.trace(graph), optimizer);
  try {
    for (let step = 0; step < steps; step++) {
      stage.load(step);
      optimizer.knobs.lr.value = warmupCosine(step, { peak: lr, warmup: 0, total: steps, end: lr / 100 });
      optimizer.advance();
      const found = Object.entries(await program.fetch()).filter(([name]) => name !== "clip");
      const losses = Object.fromEntries(found.map(([name, [value]]) => [name, value]));
      stage.learned(losses);
      told?.({ label, step: step + 1, steps, losses });
    }
  } finally {
    program.dispose();
    optimizer.destroy();
  }
}
