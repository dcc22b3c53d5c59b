/** Steps on images of 224 pixels: what they compute is what a float64 network of the same weights computes. */
import { expect, test } from "vitest";
import { initViT } from "../models/vit/config";
import { type Forward64, vitForward64 } from "../models/vit/reference";
import { testEngine } from "../ops/check";
import { logSoftmax64 } from "../ops/softmax.fixture";
import { plainViT, type StandardOptions, standardImages, standardStep } from "../tasks/standardStep";
import { Optimizer } from "./optimizer";
import { compileStep } from "./step";

const [CLASSES, BATCH, KEEP, TOKENS, STEPS] = [10, 2, 98, 197, 3];
const network = (width: number, depth: number) => plainViT({ image: 224, patch: 16, classes: CLASSES, width, depth, heads: 3 });
const OPTIONS: StandardOptions = { student: network(48, 2), teacher: network(96, 2), batch: BATCH, keep: KEEP };

/** Cross-entropy with labels 0, 1, ... */
const ce64 = ({ logits }: Forward64) => logits.reduce((sum, row, i) => sum - logSoftmax64(row, CLASSES)[i] / BATCH, 0);

/** KL(teacher || student), a mean over the batch. */
function kd64(student: Forward64, teacher: Forward64): number {
  const of = (row: number[]) => logSoftmax64(row, CLASSES);
  return student.logits.reduce((sum, row, i) => {
    const [p, q] = [of(row), of(teacher.logits[i])];
    return sum + q.reduce((kl, log, k) => kl + Math.exp(log) * (log - p[k]), 0) / BATCH;
  }, 0);
}

/** Attention that the class token pays each patch in the last block, a mean over heads, of one image. */
function scores(forward: Forward64, image: number): number[] {
  const heads = OPTIONS.student.heads;
  const last = forward.attention.at(-1) as Float64Array;
  const of = (head: number, patch: number) => last[(image * heads + head) * TOKENS ** 2 + 1 + patch];
  return Array.from({ length: TOKENS - 1 }, (_, patch) => (of(0, patch) + of(1, patch) + of(2, patch)) / heads);
}

test("a few steps of a masked distillation at 224 pixels have the losses of float64 networks with the weights of each step", async () => {
  const engine = await testEngine();
  const step = standardStep(engine, OPTIONS);
  const optimizer = new Optimizer(step.params, { kind: "adamw" });
  const program = await compileStep(engine, (graph) => step.trace(graph), optimizer);
  const images = standardImages(OPTIONS);
  const teacher = initViT(network(96, 2), 2);
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const weights = await step.params.read();
    optimizer.advance();
    const { ce, kd, kept } = await program.fetch();
    const student = vitForward64(OPTIONS.student, weights, images, BATCH);
    const rows = Array.from({ length: BATCH }, (_, b) => [...kept.slice(b * KEEP, (b + 1) * KEEP)]);
    for (const [b, row] of rows.entries()) {
      const score = scores(student, b);
      const dropped = score.filter((_, patch) => !row.includes(patch));
      expect(Math.min(...row.map((patch) => score[patch]))).toBeGreaterThan(Math.max(...dropped) - 1e-7);
    }
    expect(ce[0]).toBeCloseTo(ce64(student), 5);
    expect(kd[0]).toBeCloseTo(kd64(student, vitForward64(network(96, 2), teacher, images, BATCH, rows)), 5);
    losses.push(step.loss({ ce, kd }));
  }
  expect(losses.at(-1)).toBeLessThan(losses[0]);
  program.dispose();
  optimizer.destroy();
  step.destroy();
}, 400_000);
