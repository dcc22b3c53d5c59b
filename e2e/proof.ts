/**
 * What every place that has WebGPU must be able to do, written once: compile all kernels, and take training steps with
 * known losses. Loaded by both browsers (kernels.spec.ts) and by Node (proof.node.ts).
 */
import { type Engine, openEngine, shaderFiles } from "../src/engine/device";
import { entryPoints, type Shader } from "../src/engine/wgsl";
import { Params } from "../src/models/params";
import { initViT, type ViTConfig } from "../src/models/vit/config";
import { ATTENTION, choice, choose, GEMM, ROWS } from "../src/ops/variants";
import { softLabels } from "../src/tasks/classification/softLabels";
import { traceLosses } from "../src/tasks/classification/step";
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
const config = (width: number, depth: number): ViTConfig => ({
  ...{ image: 32, patch: 4, channels: 3, classes: 5, width, depth, heads: 2, headDim: width / 2, mlp: 2 * width },
  ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
});

const BATCH = 24;
const STEPS = 4;

/** The same losses with each kernel variant that runs here, forced in turn: `gemm=quad8x4` and so on. */
export async function variantLosses(gpu: GPU | undefined): Promise<Record<string, number[]>> {
  const engine = await openEngine(gpu);
  const usual = choice(engine);
  const found: Record<string, number[]> = {};
  for (const [key, table] of Object.entries({ gemm: GEMM, attentionForward: ATTENTION, attentionBackward: ATTENTION, rows: ROWS }))
    for (const [name, variant] of Object.entries(table)) {
      if (!variant.runs(engine.facts)) continue;
      choose(engine, { ...usual, [key]: name });
      found[`${key}=${name}`] = await firstLosses(engine, 2);
    }
  engine.destroy();
  return found;
}

/** Losses of a masked distillation on a made-up batch. */
async function firstLosses(engine: Engine, steps = STEPS): Promise<number[]> {
  const model = (width: number, depth: number, seed: number) => {
    const shape = config(width, depth);
    return { params: new Params(engine, initViT(shape, seed)), config: shape };
  };
  const student = model(32, 2, 1);
  const optimizer = new Optimizer(student.params, { kind: "adamw" });
  const images = Float32Array.from({ length: BATCH * 3 * 32 ** 2 }, (_, i) => Math.sin(0.37 * i) + Math.cos(0.011 * i));
  const labels = Uint32Array.from({ length: BATCH }, (_, i) => i % 5);
  const batch = { size: BATCH, images: engine.takeBuffer(images.byteLength), labels: engine.takeBuffer(labels.byteLength) };
  engine.device.queue.writeBuffer(batch.images, 0, images);
  engine.device.queue.writeBuffer(batch.labels, 0, labels);
  const distillation = softLabels(model(64, 3, 2), { k: 31 }, { lambda: 0.5, temperature: 2 });
  const program = await compileStep(engine, (graph) => traceLosses(graph, { student, batch, distillation }), optimizer);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    optimizer.advance();
    const { ce, kd } = await program.fetch();
    losses.push(ce[0] + 0.5 * kd[0]);
  }
  return losses;
}
