/**
 * How long changing k takes: the benchmark's masked distillation is recorded and compiled again for other numbers of
 * patches, as the app does while a slider moves.
 *
 *   node src/cli/run.mjs src/cli/bench/retrace.ts
 *
 * Exit status 1 when the median change takes 100 ms or more; single ones depend on what else the machine does.
 */
import { openEngine } from "../../engine/device";
import { inferViT } from "../../models/names";
import { Params } from "../../models/params";
import type { Weights } from "../../models/vit.config";
import { Optimizer } from "../../train/optimizer";
import { compileStep } from "../../train/step";
import { median } from "./contest";
import { makeSetup } from "./defaults";
import { offerGPU } from "./navigator.node";

const LIMIT_MS = 100;

export async function main(): Promise<number> {
  const record = await recorder();
  await record(32);
  const times: number[] = [];
  for (let k = 64; k >= 1; k--) {
    const { ms, compiled } = await record(k);
    if (compiled) console.log(`k = ${k}: ${ms.toFixed(1)} ms, ${compiled} new pipelines`);
    times.push(ms);
  }
  const typical = median(times);
  console.log(`change of k: median ${typical.toFixed(1)} ms (limit ${LIMIT_MS}), slowest ${Math.max(...times).toFixed(1)} ms`);
  return typical < LIMIT_MS ? 0 : 1;
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
