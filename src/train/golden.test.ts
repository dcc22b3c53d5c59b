/**
 * Ten steps of masked distillation whose losses are written down: whatever changes them by more than rounding shows here.
 * They hold on every adapter; on one adapter a run repeats bit for bit.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { EngineOptions } from "../engine/device";
import type { Fetched } from "../engine/readback";
import type { Weights } from "../models/weights";
import { compare, testEngine } from "../ops/check";
import { compileScene, distillationOf, loadBatch, makeScene } from "./step.fixture";

const GOLDEN = [1.7245833, 1.8030879, 1.8601135, 1.7066499, 1.6480411, 1.5592307, 1.7462412, 1.6604465, 1.4884243, 1.6429297];
const LAMBDA = 0.7;
const STEPS = 10;
const K = 6;
const PATCHES = 16;

interface Run {
  losses: number[];
  steps: Fetched[];
  student: Weights;
  /** The teacher before and after. */
  teacher: [Weights, Weights];
}

/** Trains for ten steps on an adapter of less than is there. */
async function train(less: EngineOptions = {}): Promise<Run> {
  const scene = makeScene(await testEngine(less));
  const { optimizer, student, teacher } = scene;
  const before = await teacher.params.read();
  const program = await compileScene(scene, { distillation: distillationOf(scene, { k: K }), smoothing: 0.1 });
  const steps: Fetched[] = [];
  for (let t = 0; t < STEPS; t++) {
    loadBatch(scene, t);
    optimizer.knobs.lr.value = 0.01 * (1 - t / 20);
    optimizer.knobs.decay.value = 0.05;
    optimizer.advance();
    steps.push(await program.fetch());
  }
  program.dispose();
  const losses = steps.map(({ ce, kd }) => ce[0] + LAMBDA * kd[0]);
  return { losses, steps, student: await student.params.read(), teacher: [before, await teacher.params.read()] };
}

describe("ten steps of masked distillation", () => {
  let run: Run;
  beforeAll(async () => {
    run = await train();
  });

  test("have the losses written down", () => expectGolden(run));

  test("have them without subgroups too, where other kernels run", async () => expectGolden(await train({ without: ["subgroups"] })));

  test("have them on an adapter of minimum limits without any feature", async () =>
    expectGolden(await train({ without: ["subgroups", "timestamp-query", "shader-f16"], least: true })));

  test("repeat bit for bit", async () => {
    const again = await train();
    expect(again.steps).toEqual(run.steps);
    expect(again.student).toEqual(run.student);
  });

  test("leave the teacher's weights as they were, byte for byte, and move the student's", () => {
    const [before, after] = run.teacher;
    expect(after).toEqual(before);
    expect(run.student.get("head.weight")?.data).not.toEqual(before.get("head.weight")?.data);
  });

  test("show the teacher k different patches of every image, the k of highest score", () => {
    for (const { kept, score } of run.steps)
      for (let b = 0; b < kept.length / K; b++) {
        const mine = [...kept.subarray(b * K, (b + 1) * K)];
        const scores = [...score.subarray(b * PATCHES, (b + 1) * PATCHES)];
        expect(mine).toEqual([...scores.keys()].sort((i, j) => scores[j] - scores[i]).slice(0, K));
      }
  });
});

function expectGolden({ losses }: Run): void {
  const ratios = losses.map((loss, t) => loss / GOLDEN[t]);
  compare("losses relative to those written down", ratios, new Array(STEPS).fill(1), 1e-4);
}
