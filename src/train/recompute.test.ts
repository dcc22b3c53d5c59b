/** What blocks keep for their gradients, dropped and computed again: the same numbers from less memory. */
import { expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { type MemoryPlan, planMemory } from "../engine/memory";
import { randoms, testEngine, upload } from "../ops/check";
import { linear } from "../ops/linear";
import { softmax } from "../ops/softmax";
import { SCHEMA, taskOf } from "../tasks";
import { plainViT, type StandardOptions, standardStep } from "../tasks/standardStep";
import { Optimizer } from "./optimizer";
import { compileStep, recordStep } from "./step";

const network = (depth: number) => plainViT({ image: 16, patch: 4, classes: 10, width: 32, depth, heads: 2 });
const OPTIONS: StandardOptions = { student: network(6), teacher: network(2), batch: 8, keep: 8 };

async function run(recompute: boolean) {
  const engine = await testEngine();
  const step = standardStep(engine, { ...OPTIONS, recompute });
  const optimizer = new Optimizer(step.params, { kind: "adamw" });
  const plan = planMemory(...recordStep(engine, (graph) => step.trace(graph), optimizer));
  const program = await compileStep(engine, (graph) => step.trace(graph), optimizer);
  const losses: number[] = [];
  for (let i = 0; i < 4; i++) {
    optimizer.advance();
    const { ce, kd } = await program.fetch();
    losses.push(ce[0], kd[0]);
  }
  const weights = await step.params.read();
  program.dispose();
  optimizer.destroy();
  step.destroy();
  return { plan, losses, weights };
}

test("losses and weights are the same bit for bit, from less memory", async () => {
  const [kept, dropped] = [await run(false), await run(true)];
  expect(dropped.losses).toEqual(kept.losses);
  expect(dropped.weights).toEqual(kept.weights);
  const besides = ({ bytes, gradients }: MemoryPlan) => bytes - gradients;
  expect(besides(dropped.plan)).toBeLessThan(0.6 * besides(kept.plan));
});

test("a gradient that would be lost is refused, not dropped", async () => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const w = graph.fixed(upload(engine, randoms(16, 1), "f32"), [4, 4], "f32", 0, true);
  const x = graph.fixed(upload(engine, randoms(8, 2), "f32"), [2, 4]);
  const made = graph.recomputed(() => {
    const inner = linear(x, w);
    return { x: softmax(inner), inner };
  });
  expect(() => graph.gradients((g) => g.alias(made.inner, made.inner))).toThrow("which is made again");
  expect(graph.gradients((g) => g.alias(made.x, made.x)).pieces.length).toBeGreaterThan(0);
});

test("settings that teach inside the blocks refuse it", () => {
  for (const preset of ["maskedkd", "ast"]) {
    const settings = { ...SCHEMA.defaults(preset), recompute: "on" };
    expect(taskOf(preset).conflicts?.(settings)).toEqual({});
    expect(taskOf(preset).conflicts?.({ ...settings, base: "attention" })).toHaveProperty("recompute");
  }
});
