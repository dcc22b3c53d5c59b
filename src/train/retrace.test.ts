/** A step as it is recorded: what its gradient reaches, what it reports, and what recording it again for another k costs. */
import { describe, expect, test } from "vitest";
import { Graph } from "../engine/graph";
import { compare, testEngine } from "../ops/check";
import { traceLosses } from "../tasks/classification/step";
import { compileScene, distillationOf, loadBatch, makeScene, type Scene, STUDENT } from "./step.fixture";

const recorded = (scene: Scene, k: number) => compileScene(scene, { distillation: distillationOf(scene, { k }) });

test("the distillation's gradient reaches every student parameter and none of the teacher's", async () => {
  const scene = makeScene(await testEngine());
  const { grads } = traceLosses(new Graph(scene.engine), { ...scene, distillation: distillationOf(scene, { k: 6 }) });
  const reached = new Set(grads.pieces.map((p) => p.parameter.buffer));
  expect([...reached]).toEqual([scene.student.params.buffer]);
  expect(new Set(grads.pieces.map((p) => p.parameter.offset)).size).toBe(scene.student.params.places.size);
});

test("a step reports losses, logits, choice and the clipped gradient's norm", async () => {
  const scene = makeScene(await testEngine());
  const program = await recorded(scene, 6);
  scene.optimizer.knobs.limit.value = 0.01;
  loadBatch(scene, 0);
  scene.optimizer.advance();
  const found = await program.fetch();
  const lengths = Object.fromEntries(Object.entries(found).map(([name, values]) => [name, values.length]));
  const logits = 8 * STUDENT.classes;
  expect(lengths).toEqual({ ce: 1, kd: 1, logits, teacherLogits: logits, score: 8 * 16, kept: 8 * 6, clip: 2 });
  compare("scale", [found.clip[0] * found.clip[1]], [0.01], 1e-6);
  program.dispose();
});

describe("another k", () => {
  test("compiles no pipeline once a few, some and all patches were seen", async () => {
    const scene = makeScene(await testEngine());
    // Kernels differ by k only where a product or an attention becomes too small for the adapter's larger tile.
    for (const k of [1, 6, 16]) (await recorded(scene, k)).dispose();
    const { pipelineCount } = scene.engine;
    for (let k = 16; k >= 1; k--) (await recorded(scene, k)).dispose();
    expect(scene.engine.pipelineCount).toBe(pipelineCount);
  });

  test("takes no memory that is not given back", async () => {
    const scene = makeScene(await testEngine());
    const around = async () => {
      for (const k of [1, 6, 11, 16]) (await recorded(scene, k)).dispose();
    };
    await around();
    const bytes = scene.engine.allocatedBytes;
    for (let i = 0; i < 5; i++) await around();
    expect(scene.engine.allocatedBytes).toBe(bytes);
  });
});
