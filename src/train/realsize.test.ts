/** Steps on images of 224 pixels: what they compute is what a float64 network of the same weights computes. */
import { expect, test } from "vitest";
import { planMemory } from "../engine/memory";
import { initViT, type ViTConfig } from "../models/vit/config";
import { type Forward64, vitForward64 } from "../models/vit/reference";
import { testEngine } from "../ops/check";
import { logSoftmax64 } from "../ops/softmax.fixture";
import { plainViT, standardImages, standardStep } from "../tasks/standardStep";
import { Optimizer } from "./optimizer";
import { compileStep, recordStep } from "./step";

const TOKENS = 197;

interface Sizes {
  student: ViTConfig;
  teacher: ViTConfig;
  batch: number;
  keep: number;
}

const network = (width: number, depth: number, classes: number, heads?: number) =>
  plainViT({ image: 224, patch: 16, classes, width, depth, heads });

/** Cross-entropy with labels 0, 1, ... */
const ce64 = ({ logits }: Forward64, { student: { classes } }: Sizes) =>
  logits.reduce((sum, row, i) => sum - logSoftmax64(row, classes)[i] / logits.length, 0);

/** KL(teacher || student), a mean over the batch. */
function kd64(student: Forward64, teacher: Forward64, { student: { classes } }: Sizes): number {
  const of = (row: number[]) => logSoftmax64(row, classes);
  return student.logits.reduce((sum, row, i) => {
    const [p, q] = [of(row), of(teacher.logits[i])];
    return sum + q.reduce((kl, log, k) => kl + Math.exp(log) * (log - p[k]), 0) / student.logits.length;
  }, 0);
}

/** Attention that the class token pays each patch in the last block, a mean over heads, of one image. */
function scores(forward: Forward64, { student: { heads } }: Sizes, image: number): number[] {
  const last = forward.attention.at(-1) as Float64Array;
  const of = (head: number, patch: number) => last[(image * heads + head) * TOKENS ** 2 + 1 + patch];
  return Array.from({ length: TOKENS - 1 }, (_, patch) =>
    Array.from({ length: heads }, (_, head) => of(head, patch)).reduce((sum, v) => sum + v / heads, 0),
  );
}

/** Holds so many steps against float64 networks with the weights of each step; returns their losses. */
async function held(sizes: Sizes, steps: number): Promise<number[]> {
  const { batch, keep } = sizes;
  const engine = await testEngine();
  const step = standardStep(engine, sizes);
  const optimizer = new Optimizer(step.params, { kind: "adamw" });
  const program = await compileStep(engine, (graph) => step.trace(graph), optimizer);
  const images = standardImages(sizes);
  const teacher = initViT(sizes.teacher, 2);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const weights = await step.params.read();
    optimizer.advance();
    const { ce, kd, kept } = await program.fetch();
    const student = vitForward64(sizes.student, weights, images, batch);
    const rows = Array.from({ length: batch }, (_, b) => [...kept.slice(b * keep, (b + 1) * keep)]);
    for (const [b, row] of rows.entries()) {
      const score = scores(student, sizes, b);
      const dropped = score.filter((_, patch) => !row.includes(patch));
      expect(Math.min(...row.map((patch) => score[patch]))).toBeGreaterThan(Math.max(...dropped) - 1e-7);
    }
    expect(ce[0]).toBeCloseTo(ce64(student, sizes), 5);
    expect(kd[0]).toBeCloseTo(kd64(student, vitForward64(sizes.teacher, teacher, images, batch, rows), sizes), 5);
    losses.push(step.loss({ ce, kd }));
    if (process.env.REAL_SIZES) console.log(`step ${i}: ce ${ce[0]}, kd ${kd[0]}`);
  }
  program.dispose();
  optimizer.destroy();
  step.destroy();
  return losses;
}

test("a few steps of a masked distillation at 224 pixels have the losses of float64 networks with the weights of each step", async () => {
  const losses = await held({ student: network(48, 2, 10, 3), teacher: network(96, 2, 10, 3), batch: 2, keep: 98 }, 3);
  expect(losses.at(-1)).toBeLessThan(losses[0]);
}, 400_000);

test("DeiT-Ti that learns from DeiT-S in batches of 64 takes 2.5 GiB at most, in bindings that every adapter allows", async () => {
  const engine = await testEngine();
  const before = engine.usedBytes;
  const step = standardStep(engine, { student: network(192, 12, 1000), teacher: network(384, 12, 1000), batch: 64, keep: 98 });
  const optimizer = new Optimizer(step.params, { kind: "adamw" });
  const { bytes, largest, gradients } = planMemory(...recordStep(engine, (graph) => step.trace(graph), optimizer));
  const parameters = step.params.buffer.size;
  expect(parameters).toBeGreaterThan(4 * 5.5e6);
  expect(engine.usedBytes - before + bytes).toBeLessThan(2.5 * 2 ** 30);
  expect(engine.usedBytes - before).toBeGreaterThan(3 * parameters);
  expect(largest).toBeLessThanOrEqual(2 ** 27);
  expect(gradients).toBeGreaterThanOrEqual(parameters);
  expect(gradients).toBeLessThanOrEqual(4 * parameters);
  optimizer.destroy();
  step.destroy();
}, 120_000);

// Minutes in double precision: REAL_SIZES=1 npx vitest run src/train/realsize.test.ts
test.skipIf(!process.env.REAL_SIZES)(
  "so have ten steps of DeiT-Ti that learns from DeiT-S",
  async () => {
    const losses = await held({ student: network(192, 12, 1000), teacher: network(384, 12, 1000), batch: 1, keep: 98 }, 10);
    expect(losses.at(-1)).toBeLessThan(losses[0]);
  },
  3_600_000,
);
