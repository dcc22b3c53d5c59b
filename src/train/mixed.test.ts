/** Mixed precision: f16 between layers, f32 where it matters. */
import { describe, expect, test } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { scenes } from "../data/scenes";
import { openEngine } from "../engine/device";
import type { Graph } from "../engine/graph";
import { planMemory } from "../engine/memory";
import { compare, testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import { traceLosses } from "../tasks/classification/step";
import type { LossScaling } from "../tasks/task";
import { Session } from "./session";
import { recordStep } from "./step";
import { compileScene, distillationOf, loadBatch, makeScene } from "./step.fixture";

const dataset = scenes({ side: 16, train: 24, test: 12, seed: 3 });
const sources = { dataset };
const settings = { ...SCHEMA.defaults(), width: 8, depth: 1, heads: 2, batch: 4, steps: 6, seed: 5, precision: "mixed" as const };

/** Losses of ten steps of masked distillation, and what the scale was after each. */
async function train(scaling?: Partial<LossScaling>) {
  const scene = makeScene(await testEngine(), { kind: "adamw", ...(scaling && { scaling }) });
  const program = await compileScene(scene, { distillation: distillationOf(scene, { k: 16 }) });
  const losses: number[] = [];
  const scalers: number[][] = [];
  const weights = [await scene.student.params.read()];
  for (let t = 0; t < 10; t++) {
    loadBatch(scene, t);
    scene.optimizer.knobs.lr.value = 0.01;
    scene.optimizer.advance();
    const { ce, kd, scaler } = await program.fetch();
    losses.push(ce[0], kd[0]);
    scalers.push([...(scaler ?? [])]);
    weights.push(await scene.student.params.read());
  }
  program.dispose();
  return { losses, scalers, weights };
}

describe("ten steps", () => {
  test("have the losses of f32 but for the roundings of f16", async ({ skip }) => {
    if (!(await testEngine()).facts.half) skip("this adapter has no f16");
    const [plain, mixed] = [await train(), await train({ initial: 256 })];
    expect(mixed.scalers.at(-1)?.slice(0, 3)).toEqual([256, 10, 0]);
    expect(mixed.losses).not.toEqual(plain.losses);
    compare("losses", mixed.losses, plain.losses, 1e-2);
  }, 300_000);

  test("whose gradients overflow change no weight, halve the scale and are counted, until they fit", async ({ skip }) => {
    if (!(await testEngine()).facts.half) skip("this adapter has no f16");
    const { losses, scalers, weights } = await train({ initial: 2 ** 24 });
    const left = scalers.at(-1)?.[2] ?? 0;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(10);
    for (let t = 0; t < left; t++) {
      expect(scalers[t]).toEqual([2 ** (23 - t), 0, t + 1, 0, 0]);
      expect(weights[t + 1]).toEqual(weights[0]);
    }
    expect(weights[left + 1]).not.toEqual(weights[0]);
    expect(losses.every(Number.isFinite)).toBe(true);
  }, 300_000);
});

test("what a step computes on its way takes little more than half", async () => {
  const engine = await testEngine();
  const activations = (scaling?: Partial<LossScaling>) => {
    const scene = makeScene(engine, { kind: "adamw", ...(scaling && { scaling }) });
    const trace = (graph: Graph) => traceLosses(graph, { ...scene, batch: { ...scene.batch, size: 512 } });
    const { bytes, gradients } = planMemory(...recordStep(engine, trace, scene.optimizer));
    return bytes - gradients;
  };
  expect(activations({}) / activations()).toBeLessThan(0.62);
});

test("a saved run continues with the same bits and the same scale", async ({ skip }) => {
  const engine = await testEngine();
  if (!engine.facts.half) skip("this adapter has no f16");
  const advance = async (session: Session, steps: number) => {
    const found: unknown[] = [];
    for (let i = 0; i < steps; i++) {
      const { losses, scaled } = await session.advance();
      found.push([losses, scaled]);
    }
    return found;
  };
  const whole = Session.create({ engine, runtime, sources, settings });
  const expected = await advance(whole, 5);
  const half = Session.create({ engine, runtime, sources, settings });
  const first = await advance(half, 2);
  const continued = Session.restore({ engine, runtime, sources }, await half.save());
  expect(continued.settings.precision).toBe("mixed");
  expect([...first, ...(await advance(continued, 3))]).toEqual(expected);
  expect(await continued.task.weights()).toEqual(await whole.task.weights());
  for (const session of [whole, half, continued]) session.destroy();
});

test("an adapter without f16 refuses it, and says what to do", async () => {
  const engine = await openEngine(await nodeGPU(), { without: ["shader-f16"] });
  expect(() => Session.create({ engine, runtime, sources, settings })).toThrow(
    "This GPU does not offer half precision (shader-f16). Use precision=f32.",
  );
  engine.destroy();
});
