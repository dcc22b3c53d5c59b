/**
 * How long changing k takes: the benchmark's masked distillation is recorded and compiled again for other numbers of
 * patches, as the app does while a slider moves.
 *
 *   node src/cli/run.mjs src/cli/bench/retrace.ts
 *
 * Exit status 1 when the slowest change that needs no new pipeline takes 100 ms or more.
 */
import { openEngine } from "../../engine/device";
import { inferViT } from "../../models/names";
import { Params } from "../../models/params";
import type { Weights } from "../../models/vit.config";
import { Optimizer } from "../../train/optimizer";
import { compileStep } from "../../train/step";
import { makeSetup } from "./defaults";
import { offerGPU } from "./navigator.node";

const LIMIT_MS = 100;

export async function main(): Promise<number> {
  const record = await recorder();
  await record(32);
  let slowest = 0;
  for (let k = 64; k >= 1; k--) {
    const { ms, compiled } = await record(k);
    if (compiled) console.log(`k = ${k}: ${ms.toFixed(1)} ms, ${compiled} new pipelines`);
    else slowest = Math.max(slowest, ms);
  }
  console.log(`slowest change of k without a new pipeline: ${slowest.toFixed(1)} ms (limit ${LIMIT_MS})`);
  return slowest < LIMIT_MS ? 0 : 1;
}

/** A function that records and compiles the step for some k. */
async function recorder() {
  const engine = await openEngine(await offerGPU());
  const options = { task: "maskedkd-step", host: "node", rounds: 1, heads: [4, 4], keep: 0.5, seed: 0, peer: false, json: false } as const;
  const setup = makeSetup({ ...options, heads: [4, 4], files: {} });
  const model = (weights: Weights) => ({ params: new Params(engine, weights), config: inferViT(weights, 4) });
  const [student, teacher] = [model(setup.student), model(setup.teacher)];
  const optimizer = new Optimizer(student.params, { kind: "adamw" });
  const { images, labels } = setup;
  const batch = { size: labels.length, images: engine.takeBuffer(images.byteLength), labels: engine.takeBuffer(labels.byteLength) };
  return async (k: number) => {
    const before = engine.pipelineCount;
    const started = performance.now();
    const program = await compileStep(engine, {
      student,
      optimizer,
      batch,
      lesson: { teacher, keep: { k }, temperature: 1, weight: 1 },
    });
    const ms = performance.now() - started;
    program.dispose();
    return { ms, compiled: engine.pipelineCount - before };
  };
}
