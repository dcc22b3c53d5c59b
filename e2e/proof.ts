/**
 * What every place that has WebGPU must be able to do, written once: compile all kernels, and take training steps with
 * known losses. Loaded by both browsers (kernels.spec.ts) and by Node (proof.node.ts).
 */
import { type Engine, openEngine } from "../src/engine/device";
import { shaderFiles } from "../src/engine/shaderFiles";
import { entryPoints, type Shader } from "../src/engine/wgsl";
import { FAMILIES, runnable } from "../src/ops/families";
import { choice, choose } from "../src/ops/variants";
import { plainViT, type StandardOptions, standardStep } from "../src/tasks/standardStep";
import { Optimizer } from "../src/train/optimizer";
import { compileStep } from "../src/train/step";

export interface Proof {
  adapter: string;
  /** Entry points compiled. */
  compiled: number;
  /** What the compiler said of those it refused. */
  refused: string[];
  /** Losses (CE + KD) of the first steps of a masked distillation. */
  losses: number[];
}

export async function proof(gpu: GPU | undefined): Promise<Proof> {
  const engine = await openEngine(gpu);
  const refused: string[] = [];
  let compiled = 0;
  for (const shader of everyShader(engine)) {
    try {
      await engine.pipeline(shader);
      compiled++;
    } catch (error) {
      refused.push((error as Error).message);
    }
  }
  const losses = await firstLosses(engine);
  engine.destroy();
  return { adapter: engine.facts.name, compiled, refused, losses };
}

/** Every entry point that needs no optional feature this adapter lacks. */
function everyShader(engine: Engine): Shader[] {
  return Object.entries(shaderFiles)
    .flatMap(([path, text]) => entryPoints(text).map((entry) => engine.shader(path.replace(/^\/shaders\/|\.wgsl$/g, ""), entry)))
    .filter(({ features }) => features.every((feature) => engine.device.features.has(feature)));
}

/** Large enough that each adapter uses the kernels it would use in earnest. */
const network = (width: number, depth: number) => plainViT({ image: 32, patch: 4, classes: 5, width, depth, heads: 2, mlp: 2 * width });

const STEP: StandardOptions = {
  ...{ student: network(32, 2), teacher: network(64, 3), batch: 24 },
  ...{ keep: 31, lambda: 0.5, temperature: 2 },
};
const STEPS = 4;

/** The same losses with each kernel variant that runs here, forced in turn: `gemm=quad8x4` and so on. */
export async function variantLosses(gpu: GPU | undefined): Promise<Record<string, number[]>> {
  const engine = await openEngine(gpu);
  const usual = choice(engine);
  const found: Record<string, number[]> = {};
  for (const family of FAMILIES)
    for (const name of runnable(family, engine.facts)) {
      choose(engine, { ...usual, [family.key]: name });
      found[`${family.key}=${name}`] = await firstLosses(engine, 2);
    }
  engine.destroy();
  return found;
}

/** Losses of a masked distillation on a made-up batch. */
async function firstLosses(engine: Engine, steps = STEPS): Promise<number[]> {
  const step = standardStep(engine, STEP);
  const optimizer = new Optimizer(step.params, { kind: "adamw" });
  const program = await compileStep(engine, (graph) => step.trace(graph), optimizer);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    optimizer.advance();
    losses.push(step.loss(await program.fetch()));
  }
  return losses;
}
